import Invariants
import RmapEvents
internal import TraceReading

/// The objects that a violation's explanation names, and the events between two of them.
///
/// Those stay in its witness. Without them the same words could be said of another cause: where a VMA was put into a tree and
/// wrongly taken out again, a history that has neither of both shows a VMA that is not in the tree as well.
struct NamedObjects {
  /// Addresses of VMAs, anon_vmas, AVCs and folios.
  let addresses: Set<UInt64>

  /// What every explanation calls an mm is too much: it is the process.
  init(_ finding: Finding) {
    var addresses: Set<UInt64> = []
    for object in finding.objects {
      var before: Substring = ""
      for word in object.description.split(whereSeparator: { " ,;()".contains($0) }) {
        defer { before = word }
        guard word.hasPrefix("0x"), word.count == 18, before != "mm", let value = UInt64(word.dropFirst(2), radix: 16)
        else { continue }
        addresses.insert(value)
      }
    }
    self.addresses = addresses
  }

  /// What names an object in an event: not what the event only tells of another one.
  private static let naming: [FieldName] = [.vma, .source, .anonVMA, .avc, .folio]
  /// Beside that, what leads from one object to others.
  private static let leading: [FieldName] =
    naming + [.vmAnon, .sourceAnon, .root, .parent, .page, .vmMM, .mm]

  /// With these an address gets a new tenant, and what names that: a new folio's event names the VMA, too, which is not new.
  private static let births: [EventName: FieldName] = [
    .vmaAllocReturn: .vma, .vmaDupReturn: .vma, .folioNew: .folio, .pageNew: .page,
  ]
  /// And with these it loses it.
  private static let deaths: Set<EventName> = [.put, .vmaFree, .vmaRelease]

  /// The records that speak of two of them, of the tenants that these addresses have at the history's end.
  func eventsBetween(_ history: History) -> Set<Int> {
    let fields = FieldPlaces(history, Self.naming)
    let births = Self.births.mapValues { FieldPlaces(history, [$0]) }
    var alive = addresses
    var between: Set<Int> = []
    for index in history.records.indices.reversed() {
      let record = history.records[index]
      guard let declaration = history.name(record)?.declaration else { continue }
      let named = Set(fields.values(record)).intersection(alive)
      if Self.deaths.contains(declaration.name) {
        // Whoever has the address later is another one.
        alive.subtract(named)
        continue
      }
      if named.count >= 2, declaration.level < .walks { between.insert(index) }
      if let newcomers = births[declaration.name]?.values(record) { alive.subtract(newcomers) }
    }
    return between
  }

  /// What a finding's explanation calls its objects, by the addresses that `shown` has for them.
  static func letters(_ finding: Finding, shownAs shown: Finding, _ history: History) -> [Witness.Letter] {
    func address(_ description: String) -> UInt64? {
      let words = description.split { " ,;()".contains($0) }
      let word = words.first { $0.hasPrefix("0x") && $0.count == 18 }
      return word.flatMap { UInt64($0.dropFirst(2), radix: 16) }
    }
    let fields = FieldPlaces(history, naming)
    let births = births.mapValues { FieldPlaces(history, [$0]) }
    var letters: [Witness.Letter] = []
    for (object, shown) in zip(finding.objects, shown.objects) {
      guard let own = address(object.description), let address = address(shown.description),
        !letters.contains(where: { $0.address == address })
      else { continue }
      letters.append(
        Witness.Letter(
          name: object.name, address: address, since: beginning(of: own, finding.stamp.ordinal, history, fields, births)
        ))
    }
    return letters
  }

  /// The first event of the object that has an address at the event `last`; before it, the address was another one's.
  private static func beginning(
    of address: UInt64, _ last: UInt64, _ history: History, _ fields: FieldPlaces, _ births: [EventName: FieldPlaces]
  ) -> UInt64 {
    var isNamed = false
    for record in history.records.reversed() where record.ordinal < last {
      guard fields.values(record).contains(address), let name = history.name(record) else { continue }
      if births[name]?.values(record).contains(address) == true { return record.ordinal }
      // What is freed and named no more is the object itself.
      if deaths.contains(name), isNamed { return record.ordinal + 1 }
      isNamed = true
    }
    return 0
  }

  /// The parts that name one of the objects, then those that name one of the objects of these, and so on; each list has the
  /// one before.
  func neighbourhoods(_ parts: [Part], _ history: History, count: Int) -> [[Part]] {
    let fields = FieldPlaces(history, Self.leading)
    let mentions = parts.map { part in
      Set(part.records.flatMap { fields.values(history.records[$0]) }).subtracting([0])
    }
    var reached = addresses
    return (0..<count).map { _ in
      let near = parts.indices.filter { !mentions[$0].isDisjoint(with: reached) }
      reached.formUnion(near.flatMap { mentions[$0] })
      return near.map { parts[$0] }
    }
  }
}

/// Where some fields of 64 bits lie in the events of a history.
private struct FieldPlaces {
  private let history: History
  private let offsets: [UInt16: [Int]]

  init(_ history: History, _ names: [FieldName]) {
    self.history = history
    let words = Set(names.map(\.rawValue))
    offsets = Dictionary(
      history.formats.map { format in
        (format.id, format.fields.filter { words.contains($0.name) && $0.size == 8 }.map(\.offset))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Their values in one record.
  func values(_ record: History.Record) -> [UInt64] {
    history.withBytes { bytes in
      (offsets[record.event] ?? []).compactMap { offset in
        guard offset + 8 <= record.count else { return nil }
        return bytes.loadUnaligned(fromByteOffset: record.offset + offset, as: UInt64.self)
      }
    }
  }
}
