public import Comparing
import FoundationEssentials
public import Policies

/// The smallest workloads that show what a design misses, as files of steps.
public enum SmallestWorkloads {
  /// Writes one file for each design that misses a page: `STEM-DESIGN.steps`.
  public static func write(_ compared: ComparedWorkload, stem: String, into folder: String) throws {
    for result in compared.results {
      guard let smallest = result.smallest else { continue }
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw FileError("\(folder): cannot be written; name a folder that may be made or written to after --shrunk")
      }
      let path = "\(folder)/\(stem)-\(result.policy.name.replacing(":", with: "-")).steps"
      guard FileManager.default.createFile(atPath: path, contents: Data(smallest.workload.text.utf8)) else {
        throw FileError("\(path): cannot be written; name a folder that may be made or written to after --shrunk")
      }
    }
  }

  /// Reads a file of steps.
  public static func read(_ path: String) throws -> Workload {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FileError("no such file, or no permission to read it")
    }
    return try Workload(text: String(decoding: data, as: UTF8.self), name: path)
  }

  /// What is wrong with a file.
  struct FileError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
  }
}
