import EventDecoding
import Invariants
import RecordingFormat
import RmapEvents
internal import TraceReading

/// What the law does not know of a recording's kernel, or needs and can't have from the recording. What rests on it is
/// not judged: what it would find proves nothing, and neither does finding nothing.
struct LawGap {
  private let unread: [UnreadLaw]
  /// The kernel's line, if that is newer than the law and nobody has compared the two.
  private let newerKernel: String?
  /// Whether the kernel's VMAs have a second, anonymous offset, by which all of its law goes, and none was recorded.
  private let lacksAnonymousOffset: Bool
  /// Forms of the kernel that were never tried on a real one.
  private let untriedForms: [String]

  /// The gap of a recording. `treesAreAnonVMAs` is whether its AVCs' trees are known to be given by the anon_vma itself,
  /// which came with that offset (7.3); where nil, the sidecar tells, if it has the probes' definitions.
  /// `uname` is what the file says of its kernel.
  init(_ formats: EventFormats, _ sidecar: Sidecar?, uname: String?, treesAreAnonVMAs: Bool? = nil) {
    unread = sidecar?.law?.unread ?? []
    newerKernel = sidecar?.law == nil ? Self.lineNewerThanTheLaw(sidecar?.kernel?.release ?? uname) : nil
    untriedForms = (sidecar?.dialects ?? [:]).filter { $0.value == "synthetic" }.map(\.key).sorted()
    lacksAnonymousOffset =
      (treesAreAnonVMAs ?? Self.treesAreAnonVMAs(sidecar) ?? false) && !Self.haveAnonymousOffset(formats)
  }

  /// Why an invariant is not judged; nil if it is.
  func reason(for invariant: Invariant) -> String? {
    if lacksAnonymousOffset {
      return "this kernel's law goes by a second, anonymous offset of each VMA (7.3 on), which was not recorded"
    }
    if let newerKernel {
      return "the law was read up to \(UnreadLaw.newestKernelRead), and nothing tells what is new in \(newerKernel)"
    }
    let concerned = unread.filter(invariant.rests(on:))
    if !concerned.isEmpty { return UnreadLaw.sentence(concerned) }
    return nil
  }

  /// What lowers the verdict, one line each.
  func doubts(_ invariants: [Invariant]) -> [String] {
    var counts: [(reason: String, count: Int)] = []
    for reason in invariants.compactMap(reason(for:)) {
      if let place = counts.firstIndex(where: { $0.reason == reason }) {
        counts[place].count += 1
      } else {
        counts.append((reason, 1))
      }
    }
    // The one that says the most: the reasons of the others are parts of it.
    let longest = counts.max { $0.reason.utf8.count < $1.reason.utf8.count }
    let all = counts.reduce(0) { $0 + $1.count }
    return (longest.map { ["\($0.reason): \(counted(all, "invariant", ("is", "are"))) undecided"] } ?? [])
      + untriedForms.map { "the kernel has \($0): recording that was never tried on a real kernel" }
  }

  /// Where the recorder has compared the kernel's types with what was read, its version says nothing.
  private static func lineNewerThanTheLaw(_ release: String?) -> String? {
    func numbers(_ text: String) -> [Int] { text.split(separator: ".").prefix(2).compactMap { Int($0) } }
    let line = RunIdentity.line(ofRelease: release).kernel
    return numbers(UnreadLaw.newestKernelRead).lexicographicallyPrecedes(numbers(line)) ? line : nil
  }

  // MARK: The form of 7.3

  private static func haveAnonymousOffset(_ formats: EventFormats) -> Bool {
    treeEvents(formats).contains { $0.field(FieldName.vmAnonPgoffLow.rawValue) != nil }
  }

  private static func treeEvents(_ formats: EventFormats) -> [EventFormat] {
    formats.all.filter {
      ProbeGroup.isOurs($0.system) && [EventName.avcInsert, .avcRemove].map(\.rawValue).contains($0.name)
    }
  }

  /// Whether the probed functions are those of 7.3; nil if the sidecar does not say which they are.
  private static func treesAreAnonVMAs(_ sidecar: Sidecar?) -> Bool? {
    let names = [EventName.avcInsert, .avcRemove].map(\.rawValue)
    let probes = (sidecar?.probes ?? []).filter { names.contains($0.event) }.compactMap(\.definition)
    let functions = probes.compactMap(FunctionNames.probe).map(\.function)
    return functions.isEmpty ? nil : functions.contains(where: FunctionNames.isOfAnonRmapTree)
  }

  /// Where the first record of a tree event says whether its tree is an anon_vma: an offset of 0 is written there for the
  /// constant. None where the sidecar says it, or where it does not matter.
  static func places(of formats: EventFormats, _ sidecar: Sidecar?) -> [UInt16: Range<Int>] {
    if treesAreAnonVMAs(sidecar) != nil || haveAnonymousOffset(formats) { return [:] }
    return treeEvents(formats).reduce(into: [:]) { places, format in
      guard let field = format.field(FieldName.treeOffset.rawValue) else { return }
      places[format.id] = field.offset..<field.offset + field.size
    }
  }
}
