import RmapEvents
import RmapGraph

/// How findings name the graph's objects.
extension RmapGraph {
  /// `anon_vma 0xffff… (born at event 17)`.
  func describe(_ id: AnonVMAID) -> String {
    guard let anonVMA = anonVMA(id) else { return "an anon_vma that is gone" }
    let birth =
      anonVMA.birthWasSeen ? "born at event \(anonVMA.birth.ordinal)" : "older than the recording"
    return "anon_vma \(anonVMA.address) (\(birth))"
  }

  /// The anon_vma at an address, or the bare address.
  func describe(anonVMAAt address: KernelAddress) -> String {
    guard let id = anonVMA(at: address) else {
      return "anon_vma \(address) (never seen in a tree)"
    }
    return describe(id)
  }

  /// `anonymous folio 0xffff…, index 0x7f3a0`.
  func describe(_ id: FolioID) -> String {
    let folio = folio(id)
    return "folio \(folio.address), index \(folio.index)"
  }
}

extension RmapGraph {
  /// The step that last mapped or unmapped a folio's page before an event of it, if that came after another one.
  func lastMapped(_ s: borrowing FolioSituation, after right: EventStamp) -> EventStamp? {
    guard let id = s.folio else { return nil }
    let stamp = self[id].changeStamp
    return stamp.ordinal > right.ordinal && stamp.ordinal < s.stamp.ordinal ? stamp : nil
  }

  /// The entry of the operation that a task's other ones are part of; an exit is no operation on one VMA.
  func outermostEntry(ofTask pid: Int32) -> EventStamp? {
    var (found, outward): (EventStamp?, Int) = (nil, 0)
    while let operation = operation(ofTask: pid, outward: outward) {
      if operation.pointee.kind != .mmExit { found = operation.pointee.stamp }
      outward += 1
    }
    return found
  }
}

/// `vma 0xffff…, mm 0xffff…, 0x1000-0x3000, pgoff 0x1`, as in the pictures; where a VMA has two offsets (7.3) and they
/// differ, both.
func describe(_ view: VMAView) -> String {
  let text = "vma \(view.address), mm \(view.mm), \(view.start)-\(view.end), pgoff \(view.anonPgoff)"
  return view.vmPgoff == view.anonPgoff ? text : "\(text), vm_pgoff \(view.vmPgoff)"
}

/// The function that a tree event happened in, as far as the recording tells.
func function(of situation: borrowing TreeSituation) -> KernelFunction {
  .kind(situation.operation?.kind ?? (situation.isInsertion ? .insert : .remove))
}

/// What gave a VMA its new range, of a kernel of 7.3, where it is a merge for certain: outside of our operations nothing else
/// makes a VMA larger, but for a stack that grows (mm/vma.c, commit_merge, expand_downwards).
func merging(_ s: borrowing TreeSituation, _ old: VMAView) -> KernelFunction? {
  let view = s.update.vma
  guard s.operation == nil, view.start <= old.start, view.end >= old.end, view.pages > old.pages,
    !view.flags.contains(.growsDown)
  else { return nil }
  return .named("commit_merge")
}

func pages(_ start: PgOff, _ last: PgOff) -> String { "\(start)-\(last)" }

/// The kernel function behind a folio event.
func kernelFunction(_ event: FolioEvent) -> KernelFunction { .kind(event.kind) }
