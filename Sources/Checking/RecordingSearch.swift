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
  /// prose above them or not; what is packed and can't be unpacked; an archive with one of these in it; and what can't
  /// be opened, or is packed in a way that is not read, unless its name says that it is something else.
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
      switch kind(of: path) {
      case .folder: collect(path, into: &found)
      case .file where mayBeRecording(name, RecordingHead(ofFileAt: path)): found.append(path)
      case .closed where mayBeRecording(name, .unknown): found.append(path)
      // The archive that it leads to may not be mounted; a link `latest` may just be old.
      case .lost where isNamedAsRecording(name) || name.hasSuffix(".data"): found.append(path)
      case .file, .closed, .lost, .other: continue
      }
    }
  }

  private enum Kind {
    case folder
    /// A regular file, also at the end of a link.
    case file
    /// The folder that it is in, or leads to, may not be searched.
    case closed
    /// A link that leads nowhere.
    case lost
    /// What is no file: opening a pipe would wait for ever. Links to folders, too, which may lead in a circle.
    case other
  }

  private static func kind(of path: String) -> Kind {
    var status = stat()
    // It may have been removed meanwhile.
    guard lstat(path, &status) == 0 else { return errno == ENOENT ? .other : .closed }
    if status.st_mode & S_IFMT == S_IFDIR { return .folder }
    let isLink = status.st_mode & S_IFMT == S_IFLNK
    guard stat(path, &status) == 0 else { return isLink && errno == ENOENT ? .lost : .closed }
    return status.st_mode & S_IFMT == S_IFREG ? .file : .other
  }

  package static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }

  private static func mayBeRecording(_ name: String, _ head: @autoclosure () -> RecordingHead) -> Bool {
    if isNamedAsRecording(name) { return true }
    return switch head() {
    case .recording, .unreadable: true
    case .text(let events): events.contains { !EventDecoder.kinds(ofEvent: $0).isEmpty }
    case .unknown: !isNamedOtherwise(name)
    case .archive(let members):
      members.contains { mayBeRecording($0.name.split(separator: "/").last.map(String.init) ?? "", $0.head) }
    case .other: false
    }
  }

  /// What names of packed files end with, of all kinds: those that can't be read are named, too.
  private static let packedSuffixes: Set<Substring> = [
    "zst", "xz", "gz", "bz2", "lz4", "lz", "lzo", "lzma", "zip", "7z", "rar",
  ]

  /// `*.dat`; packed, `*.dat.xz` and the like, and perf's `*.data.xz`.
  private static func isNamedAsRecording(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last else { return false }
    if packedSuffixes.contains(last), parts.count > 2 { return ["dat", "data"].contains(parts[parts.count - 2]) }
    return last == "dat"
  }

  /// What lies beside recordings, packed, and is none: what belongs to the kernel, and what is no text of events.
  private static let otherSuffixes: Set<Substring> = [
    "btf", "c", "config", "deb", "diff", "h", "html", "img", "initrd", "iso", "json", "ko", "map", "patch", "pdf",
    "png", "py", "qcow2", "rpm", "sh", "svg", "xml",
  ]
  private static let otherPrefixes = [
    "bzImage", "config-", "Image", "initramfs", "initrd", "kallsyms", "linux-", "linux_", "modules", "System.map",
    "vmlinu",
  ]

  private static func isNamedOtherwise(_ name: String) -> Bool {
    otherPrefixes.contains { name.hasPrefix($0) }
      || name.split(separator: ".").last { !packedSuffixes.contains($0) }.map(otherSuffixes.contains) == true
  }
}
