import FoundationEssentials
import Glibc
internal import TraceReading

/// Finds the recordings that a path stands for.
public enum RecordingSearch {
  /// A file stands for itself, whatever it holds. A folder stands for every recording below it, in the order of
  /// their paths: files named `*.dat`, and files that begin as a recording does. Links to folders are not followed.
  /// A folder without any recording, or one that can't be read, stands for itself: checking it says so, and a
  /// nightly job whose results are missing is not green.
  public static func recordings(at path: String) -> [String] {
    guard isFolder(path) else { return [path] }
    var found: [String] = []
    collect(path, into: &found)
    return found.isEmpty ? [path] : found.sorted()
  }

  private static func collect(_ folder: String, into found: inout [String]) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      found.append(folder)
      return
    }
    for name in names {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      guard let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      else { continue }
      if type == .typeDirectory {
        collect(path, into: &found)
      } else if isFile(path), name.hasSuffix(".dat") || beginsAsRecording(path) {
        found.append(path)
      }
    }
  }

  /// A regular file, also at the end of a link: opening a pipe would wait for ever.
  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  package static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }

  private static func beginsAsRecording(_ path: String) -> Bool {
    guard let file = fopen(path, "rb") else { return false }
    defer { fclose(file) }
    var head = [UInt8](repeating: 0, count: Recording.magicSize)
    return fread(&head, 1, head.count, file) == head.count && Recording.beginsAsOne(head)
  }
}
