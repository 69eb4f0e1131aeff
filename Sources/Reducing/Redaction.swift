import FoundationEssentials
import RecordingFormat
import RmapEvents
internal import TraceReading

/// Other values for addresses, by which nobody can tell the machine or the program, and which stand to each other as the
/// real ones do.
///
/// Kernel addresses are shifted in groups of near ones: what lies within an object, or in the same array of pages, keeps its
/// distance; order and alignment up to a page stay. Addresses of processes and page offsets are shifted together, since a
/// VMA's offset often is its address: again in groups, and by whole GiB, so that ranges, their order and what fits a huge
/// page stay. Small offsets are those in files, and stay as they are.
struct Redaction: Sendable {
  private var kernel = Shift(gap: 1 << 16, alignment: 1 << 12, start: 0xffff_8880_0000_0000)
  private var pages = Shift(gap: 1 << 18, alignment: 1 << 18, start: 1 << 20, untouchedBelow: 1 << 18)
  private let pageShift: UInt64
  private let fields: [UInt16: [(EventField, Meaning)]]

  /// What a field holds.
  private enum Meaning {
    case kernelAddress
    /// Of a process, bytes.
    case userAddress
    case pageOffset
    /// The low half of one, 4 bytes; the other half lies there, if there is one.
    case lowHalf(high: EventField?)
  }

  /// What no offset or address of a process reaches: a bound, or an error.
  private static let pagesMax: UInt64 = 1 << 52
  /// Most pages that one event maps, by a PMD.
  private let folioMax: UInt64

  private init(_ history: History, _ kept: [Int]) {
    pageShift = UInt64(history.pageSize.shift)
    folioMax = UInt64(history.pageSize.perPMD)
    fields = Dictionary(
      history.formats.map { format in
        (format.id, format.fields.compactMap { field in Self.meaning(of: field, in: format).map { (field, $0) } })
      }, uniquingKeysWith: { first, _ in first })
    for index in kept { note(history.records[index], history) }
    kernel.settle()
    pages.settle()
  }

  /// A history of which some records hold other addresses, and all names are others.
  static func of(_ history: History, _ kept: [Int]) -> History {
    let redaction = Redaction(history, kept)
    var names: [Int32: String] = [:]
    for pid in kept.map({ history.records[$0].pid }) where names[pid] == nil { names[pid] = "task\(names.count + 1)" }
    return history.replacing(kept, commandNames: names, uname: history.uname.map(uname)) { record in
      redaction.payload(history, record)
    }
  }

  /// A record's bytes with other addresses in it.
  private func payload(_ history: History, _ record: History.Record) -> [UInt8] {
    var payload = history.payload(record)
    for (field, meaning) in fields[record.event] ?? [] {
      guard let value = field.number(in: payload) else { continue }
      switch meaning {
      case .kernelAddress:
        if Self.isKernel(value) { Self.write(kernel.shifted(value), field, &payload) }
      case .userAddress:
        let within = value & (1 << pageShift - 1)
        let page = value >> pageShift
        if page < Self.pagesMax { Self.write(pages.shifted(page) << pageShift | within, field, &payload) }
      case .pageOffset:
        if value < Self.pagesMax { Self.write(pages.shifted(value), field, &payload) }
      case .lowHalf(let high):
        let all = PgOff(low: value, high: high?.number(in: payload)).raw
        guard all < Self.pagesMax else { continue }
        Self.write(pages.shifted(all) & 0xffff_ffff, field, &payload)
        if let high { Self.write(pages.shifted(all) >> 32, high, &payload) }
      }
    }
    return payload
  }

  /// `Linux 6.12.117 x86_64` of `Linux host 6.12.117+deb12-cloud-amd64 x86_64`.
  private static func uname(_ text: String) -> String {
    let words = text.split(separator: " ")
    let release = words.first { $0.first?.isNumber == true }.map { Self.release(String($0)) }
    let machine = words.count > 1 ? words.last.map(String.init) : nil
    return (["Linux"] + [release, machine].compactMap { $0 }).joined(separator: " ")
  }

  /// A kernel's version, without what its builder added.
  static func release(_ text: String) -> String { String(text.prefix { $0.isNumber || $0 == "." }) }

  // MARK: What there is

  private static func meaning(of field: EventField, in format: EventFormat) -> Meaning? {
    // The probe's own place, and whatever is not of our vocabulary, may be an address; a value that is none stays.
    if field.isCommon { return nil }
    guard let name = FieldName(rawValue: field.name) else { return field.size == 8 ? .kernelAddress : nil }
    switch name {
    case .vmStart, .vmEnd, .sourceStart, .sourceEnd, .address, .sourceAddress, .end: return .userAddress
    case .vmPgoff, .sourcePgoff, .index, .sourceIndex, .headIndex, .first, .last: return .pageOffset
    case .vmAnonPgoffLow: return .lowHalf(high: format.field(FieldName.vmAnonPgoffHigh.rawValue))
    case .sourceAnonPgoffLow: return .lowHalf(high: format.field(FieldName.sourceAnonPgoffHigh.rawValue))
    case .lock, .mmapLock, .vmFlags, .sourceFlags, .vmProtection, .length, .result: return nil
    default: return field.size == 8 ? .kernelAddress : nil
    }
  }

  private static func isKernel(_ value: UInt64) -> Bool { value >= 0xff00_0000_0000_0000 && value < .max - 0xffff }

  private mutating func note(_ record: History.Record, _ history: History) {
    let payload = history.payload(record)
    guard let format = history.format(record) else { return }
    func value(_ name: FieldName) -> UInt64? { format.field(name.rawValue)?.number(in: payload) }
    for (field, meaning) in fields[record.event] ?? [] {
      guard let value = field.number(in: payload) else { continue }
      switch meaning {
      case .kernelAddress: if Self.isKernel(value) { kernel.note(value, value) }
      case .userAddress: notePages(value >> pageShift, count: 1)
      case .pageOffset: notePages(value, count: folioMax)
      case .lowHalf(let high):
        notePages(PgOff(low: value, high: high?.number(in: payload)).raw, count: folioMax)
      }
    }
    // What lies between two ends belongs together.
    for names in [VMAFieldNames.vma, .source] {
      guard let start = value(names.start), let end = value(names.end), start < end else { continue }
      let count = (end - start) >> pageShift
      notePages(start >> pageShift, count: count)
      if let offset = value(names.pgoff) { notePages(offset, count: count) }
      if let low = value(names.anonPgoffLow) {
        notePages(PgOff(low: low, high: value(names.anonPgoffHigh)).raw, count: count)
      }
    }
    if let length = value(.length) {
      for address in [value(.address), value(.sourceAddress)].compactMap({ $0 }) {
        notePages(address >> pageShift, count: length >> pageShift)
      }
    }
    if let first = value(.first), let last = value(.last), first <= last, last < Self.pagesMax {
      notePages(first, count: last - first + 1)
    }
  }

  private mutating func notePages(_ start: UInt64, count: UInt64) {
    guard start < Self.pagesMax, count < Self.pagesMax else { return }
    pages.note(start, start + count)
  }

  private static func write(_ value: UInt64, _ field: EventField, _ payload: inout [UInt8]) {
    for byte in 0..<field.size { payload[field.offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
  }
}

/// Moves groups of near values to other places: in the same order, and each by a multiple of the alignment.
private struct Shift: Sendable {
  /// Values that are at least so far apart need not keep their distance.
  let gap: UInt64
  let alignment: UInt64
  /// Where the first group goes.
  let start: UInt64
  /// A group that begins below stays where it is.
  var untouchedBelow: UInt64 = 0
  private var noted: [ClosedRange<UInt64>] = []
  private var groups: [(old: ClosedRange<UInt64>, new: UInt64)] = []

  init(gap: UInt64, alignment: UInt64, start: UInt64, untouchedBelow: UInt64 = 0) {
    self.gap = gap
    self.alignment = alignment
    self.start = start
    self.untouchedBelow = untouchedBelow
  }

  mutating func note(_ first: UInt64, _ last: UInt64) { noted.append(first...last) }

  mutating func settle() {
    var olds: [ClosedRange<UInt64>] = []
    for range in noted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = olds.last, range.lowerBound < last.upperBound || range.lowerBound - last.upperBound < gap {
        olds[olds.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        olds.append(range)
      }
    }
    var next = start
    for old in olds {
      let isUntouched = old.lowerBound < untouchedBelow
      let new = isUntouched ? old.lowerBound : next + old.lowerBound % alignment
      groups.append((old, new))
      let end = new + (old.upperBound - old.lowerBound)
      next = max(next, (end + gap + alignment) / alignment * alignment)
    }
    noted = []
  }

  /// Where a value that was noted goes; any other stays.
  func shifted(_ value: UInt64) -> UInt64 {
    guard let group = groups.first(where: { $0.old.contains(value) }) else { return value }
    return group.new + (value - group.old.lowerBound)
  }
}

extension Sidecar {
  /// Leaves out whatever names the machine, its owner or the program; of the kernel, its version stays.
  mutating func redact() {
    date = nil
    workload = nil
    var shown = kernel.map { Kernel(release: $0.release.map(Redaction.release), configuration: $0.configuration) }
    shown?.machine = kernel?.machine
    shown?.pageSize = kernel?.pageSize
    kernel = shown
    expected?.note = nil
    expected?.injected = nil
  }
}
