/// A kept recording's path, whatever the working directory.
public func tracePath(_ name: String) -> String {
  let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return "/\(repository)/traces/\(name)/trace.dat"
}
