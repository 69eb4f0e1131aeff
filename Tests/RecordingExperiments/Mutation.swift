import EventDecoding
import TestSupport
import TraceReading

/// One change to one record of a recording.
public struct Mutation: Sendable {
  /// What is done to the record.
  public enum Change: String, Sendable, CaseIterable {
    /// It is left out, without a mark.
    case drop
    /// It comes twice.
    case duplicate
    /// It changes places with the next one.
    case swap
    /// One field gets the value that it has in another record of the same event.
    case other
    /// One bit of one field is turned over.
    case bit
  }

  /// What is done.
  public let change: Change
  /// The number of the record, from 0.
  public let index: Int
  /// The field, where one is changed.
  let field: EventField?
  /// Its name.
  public var fieldName: String? { field?.name }
  /// Its new bytes.
  let value: [UInt8]

  /// The fields that can be changed: the event's own, and the task.
  static func fields(of format: EventFormat) -> [EventField] {
    format.fields.filter { (!$0.isCommon || $0.name == "common_pid") && $0.size <= 8 && !$0.name.hasPrefix("__probe") }
  }

  /// A change of a record, and for a change of a field also of a certain one; nil where it would change nothing.
  init?(
    _ change: Change, of index: Int, field: EventField? = nil, in recording: MemoryRecording, donors: [Int],
    using generator: inout SeededGenerator
  ) {
    self.change = change
    self.index = index
    self.field = field
    let record = recording.records[index]
    switch change {
    case .drop, .duplicate: value = []
    case .swap:
      value = []
      guard index + 1 < recording.records.count else { return nil }
    case .other, .bit:
      guard let field, field.offset + field.size <= record.count else { return nil }
      let old = recording.bytes[record.offset + field.offset..<record.offset + field.offset + field.size]
      var new = Array(old)
      if change == .bit {
        let bit = Int.random(in: 0..<field.size * 8, using: &generator)
        new[bit / 8] ^= 1 << (bit % 8)
      } else if let donor = donors.randomElement(using: &generator) {
        let place = recording.records[donor].offset + field.offset
        new = Array(recording.bytes[place..<place + field.size])
      }
      guard new != Array(old) else { return nil }
      value = new
    }
  }
}

extension Mutation {
  /// How many other values of a field are tried to find out whether it is read.
  private static let bitsTried = 12
  private static let donorsTried = 6

  /// Mutations of the same field of the same record: to nothing, to all ones, by single bits, and to what other records
  /// have there.
  func others(
    in recording: MemoryRecording, donors: [Int], using generator: inout SeededGenerator
  ) -> [Mutation] {
    guard let field else { return [] }
    var others = [UInt8(0), .max].map { byte in
      Mutation(change: .bit, index: index, field: field, value: Array(repeating: byte, count: field.size))
    }
    let tried =
      Array(repeating: Change.bit, count: Self.bitsTried) + Array(repeating: .other, count: Self.donorsTried)
    others += tried.compactMap {
      Mutation($0, of: index, field: field, in: recording, donors: donors, using: &generator)
    }
    return others
  }

  private init(change: Change, index: Int, field: EventField, value: [UInt8]) {
    self.change = change
    self.index = index
    self.field = field
    self.value = value
  }
}

extension MemoryRecording {
  /// Applies a mutation, hands out the records, and takes the mutation back.
  mutating func with<Result>(_ mutation: Mutation, _ body: (borrowing Self) -> Result) -> Result {
    let (index, record) = (mutation.index, records[mutation.index])
    switch mutation.change {
    case .drop: records.remove(at: index)
    case .duplicate: records.insert(record, at: index)
    case .swap:
      let next = records[index + 1]
      records[index] = next
      records[index].timestamp = record.timestamp
      records[index + 1] = record
      records[index + 1].timestamp = next.timestamp
    case .other, .bit: write(mutation)
    }
    let old = mutation
    defer {
      switch mutation.change {
      case .drop: records.insert(record, at: index)
      case .duplicate: records.remove(at: index)
      case .swap:
        let (first, second) = (records[index + 1], records[index])
        let times = (records[index].timestamp, records[index + 1].timestamp)
        records[index] = first
        records[index].timestamp = times.0
        records[index + 1] = second
        records[index + 1].timestamp = times.1
      case .other, .bit: restore(old, record)
      }
    }
    return body(self)
  }

  /// Hands out the records with one of them at the end.
  mutating func withLast<Result>(_ index: Int, _ body: (borrowing Self) -> Result) -> Result {
    let (record, last) = (records[index], records[records.count - 1])
    records.remove(at: index)
    records.append(record)
    records[records.count - 1].timestamp = last.timestamp
    defer {
      records.removeLast()
      records.insert(record, at: index)
    }
    return body(self)
  }

  private mutating func write(_ mutation: Mutation) {
    guard let field = mutation.field else { return }
    let record = records[mutation.index]
    // A changed copy, so that nothing else is touched.
    let payload = Array(bytes[record.offset..<record.offset + record.count])
    records[mutation.index].offset = bytes.count
    bytes.append(contentsOf: payload)
    let place = records[mutation.index].offset + field.offset
    bytes.replaceSubrange(place..<place + field.size, with: mutation.value)
    if field.name == "common_pid" {
      records[mutation.index].pid = mutation.value.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
    }
  }

  private mutating func restore(_ mutation: Mutation, _ record: Record) {
    records[mutation.index] = record
    bytes.removeLast(record.count)
  }
}
