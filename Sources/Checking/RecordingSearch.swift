import EventDecoding
import FoundationEssentials
import Glibc
internal import TraceReading

/// Finds the recordings that a path stands for.
public enum RecordingSearch {
  /// A file stands for itself, whatever it holds. A folder stands for every recording below it, in the order of
  /// their paths; links to folders are not followed. A folder without any recording, or one that can't be read, stands
  /// for itself: checking it says so, and a nightly job whose results are missing is not green.
  ///
  /// What may be a recording is taken for one, so that it is not passed over in silence: files named `*.dat`, whatever
  /// they hold; files that begin as a recording does, also when they are unpacked; text with lines of our events, with
  /// prose above them or not; what is packed and can't be unpacked.
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
      } else if isFile(path), isNamedAsRecording(name) || mayBeRecording(path) {
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

  /// What names of packed files end with, of all kinds: those that can't be read are named, too.
  private static let packedSuffixes: Set<Substring> = [
    "zst", "xz", "gz", "bz2", "lz4", "lz", "lzo", "lzma", "zip", "7z",
  ]

  /// `*.dat`; packed, `*.dat.xz` and the like, and perf's `*.data.xz`.
  private static func isNamedAsRecording(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last else { return false }
    if packedSuffixes.contains(last), parts.count > 2 { return ["dat", "data"].contains(parts[parts.count - 2]) }
    return last == "dat"
  }

  private static func mayBeRecording(_ path: String) -> Bool {
    switch RecordingHead(ofFileAt: path) {
    case .recording, .unreadable: true
    case .text(let events): events.contains { !EventDecoder.kinds(ofEvent: $0).isEmpty }
    case .other: false
    }
  }
}
