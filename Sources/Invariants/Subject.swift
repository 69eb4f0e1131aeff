import RmapEvents
import RmapGraph

/// By what one violation is seen to follow from another: both are about it.
///
/// An address alone is no object: the slab hands it out again within microseconds. So an object is its address and the
/// event that it was born by.
struct Subject: Hashable {
  private let place: UInt64
  private let birth: UInt64

  /// An event that a violation shows at, or that broke the rule.
  static func event(_ ordinal: UInt64) -> Self { Self(place: 0, birth: ordinal) }
  /// A VMA, an anon_vma, a folio.
  fileprivate static func object(_ address: KernelAddress, _ birth: EventStamp) -> Self {
    Self(place: address.raw, birth: birth.ordinal)
  }
  /// All that is under a root. Objects are aligned, so the address has room for the difference.
  fileprivate static func tree(_ address: KernelAddress, _ birth: EventStamp) -> Self {
    Self(place: address.raw | 1, birth: birth.ordinal)
  }
}

/// What one violation is about.
struct Subjects {
  let objects: Set<Subject>
  /// The roots that they are under.
  let trees: Set<Subject>
}

extension RmapGraph {
  /// The objects that a finding names, as the graph knows them now, and the roots that they are under.
  func subjects(of finding: Finding) -> Subjects {
    var (objects, trees): (Set<Subject>, Set<Subject>) = ([], [])
    func addTree(of anonVMA: KernelAddress) {
      guard let id = self.anonVMA(at: anonVMA), let root = anonVMANode(at: self[id].root) else { return }
      trees.insert(.tree(root.address, root.birth))
    }
    for address in finding.addresses {
      if let vma = vma(at: address) {
        objects.insert(.object(address, self[vma].birth))
        addTree(of: self[vma].view.anonVMA)
      } else if let id = anonVMA(at: address) {
        objects.insert(.object(address, self[id].birth))
        addTree(of: address)
      } else if let folio = folio(at: address) {
        objects.insert(.object(address, self[folio].stamp))
        if self[folio].mapping.isAnonymous { addTree(of: self[folio].mapping.anonVMA) }
      }
    }
    return Subjects(objects: objects, trees: trees)
  }
}

extension Finding {
  /// The events by which it is known to follow from another violation: where that one shows or was done, this one shows
  /// too, or something was established that this one rests on.
  var causes: Set<Subject> { Set(events.map { .event($0.ordinal) }) }

  /// The events that another violation may follow from.
  var effects: Set<Subject> {
    guard case .step(let did) = doer else { return [.event(stamp.ordinal)] }
    return [.event(stamp.ordinal), .event(did.ordinal)]
  }

  /// The addresses of the objects that it names, each after the word for its kind: see ``objects``.
  var addresses: [KernelAddress] {
    let texts = objects.map(\.description) + established.map(\.text) + [contradiction.text]
    var found: [KernelAddress] = []
    for text in texts {
      var previous: Substring = ""
      for word in text.split(whereSeparator: { " ,()".contains($0) }) {
        defer { previous = word }
        guard Self.kinds.contains(previous), word.hasPrefix("0x"), let raw = UInt64(word.dropFirst(2), radix: 16)
        else { continue }
        let address = KernelAddress(raw)
        if !found.contains(address) { found.append(address) }
      }
    }
    return found
  }

  private static let kinds: Set<Substring> = ["vma", "anon_vma", "folio", "AVC"]
}
