public import FoundationEssentials

/// The package's folder, whatever the working directory.
public let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path

/// The recordings that are kept.
public let tracesFolder = "\(repository)/traces"

/// A kept recording's trace.dat.
public func tracePath(_ name: String) -> String { "\(tracesFolder)/\(name)/trace.dat" }

/// A place for a file or a folder that is not there yet. Who makes it removes it.
public func temporaryPath() -> URL {
  FileManager.default.temporaryDirectory.appending(path: "rmapcheck-\(UUID().uuidString)")
}

/// A folder for a test's files. Who asks for it removes it.
public func makeTemporaryFolder() throws -> URL {
  let folder = temporaryPath()
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}
