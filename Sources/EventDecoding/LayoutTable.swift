import RmapEvents
import TraceReading

/// The layouts of a recording's events, found by the events' numbers.
///
/// Layouts of one kind lie side by side and are used where they lie: a ``Shape`` is as large as the largest of them.
struct LayoutTable: Sendable {
  private enum Kind: UInt8 {
    case foreign, insert, remove, put, vmaFree, enter, leave, folio, page, unmapper, hugetlbUnmap, walk
  }

  private struct Place {
    var kind = Kind.foreign
    var index = 0
    /// The least length of a record, in bytes.
    var length = 0
  }

  private var places: ContiguousArray<Place> = []
  /// By event number, where a record's words lie that may be pointers.
  private var pointers: ContiguousArray<[Int]> = []
  private var trees: ContiguousArray<TreeLayout> = []
  private var puts: ContiguousArray<PutLayout> = []
  private var vmaFrees: ContiguousArray<VMAFreeLayout> = []
  private var entries: ContiguousArray<EntryLayout> = []
  private var returns: ContiguousArray<LeaveLayout> = []
  private var folios: ContiguousArray<FolioLayout> = []
  private var pages: ContiguousArray<PageLayout> = []
  private var unmapperLayouts: ContiguousArray<UnmapperLayout> = []
  private var hugetlbUnmaps: ContiguousArray<HugetlbUnmapLayout> = []
  private var walks: ContiguousArray<WalkLayout> = []

  /// Takes up an event's layout. `length` is the least length of its records, in bytes; `pointers` are the places of the
  /// words that may be pointers.
  mutating func add(_ shape: Shape, length: Int, pointers words: [Int], ofEvent id: UInt16) {
    while places.count <= Int(id) {
      places.append(Place())
      pointers.append([])
    }
    pointers[Int(id)] = words
    let (kind, index) = store(shape)
    places[Int(id)] = Place(kind: kind, index: index, length: length)
  }

  private mutating func store(_ shape: Shape) -> (Kind, Int) {
    func put<Element>(_ layout: Element, on lane: inout ContiguousArray<Element>) -> Int {
      lane.append(layout)
      return lane.count - 1
    }
    return switch shape {
    case .tree(let layout, let isInsertion): (isInsertion ? .insert : .remove, put(layout, on: &trees))
    case .put(let layout): (.put, put(layout, on: &puts))
    case .vmaFree(let layout): (.vmaFree, put(layout, on: &vmaFrees))
    case .entry(let layout): (.enter, put(layout, on: &entries))
    case .leave(let layout): (.leave, put(layout, on: &returns))
    case .folio(let layout): (.folio, put(layout, on: &folios))
    case .page(let layout): (.page, put(layout, on: &pages))
    case .unmapper(let layout): (.unmapper, put(layout, on: &unmapperLayouts))
    case .hugetlbUnmap(let layout): (.hugetlbUnmap, put(layout, on: &hugetlbUnmaps))
    case .walk(let layout): (.walk, put(layout, on: &walks))
    }
  }

  /// Decodes one record into a batch, if it is an event of ours that makes sense. One that only says where the next
  /// removals are is kept in mind for them.
  @inline(__always) func decode(
    _ record: RawRecord, ordinal: UInt64, _ unmappers: inout Unmappers, into batch: inout EventBatch
  ) -> EventDecoder.Outcome {
    let outcome = decodeAsRecorded(record, ordinal: ordinal, &unmappers, into: &batch)
    return outcome == .malformed ? decodeUntagged(record, ordinal: ordinal, &unmappers, into: &batch) : outcome
  }

  /// KASAN on arm64 has kernel pointers carry a tag in their top byte (CONFIG_KASAN_SW_TAGS, CONFIG_KASAN_HW_TAGS). It
  /// shows by pointers that are none as they are, so that only such kernels pay for it.
  @inline(never) private func decodeUntagged(
    _ record: RawRecord, ordinal: UInt64, _ unmappers: inout Unmappers, into batch: inout EventBatch
  ) -> EventDecoder.Outcome {
    var bytes = [UInt8](record.payload)
    var isTagged = false
    bytes.withUnsafeMutableBytes { bytes in
      for offset in pointers[Int(record.eventID)] where offset + 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let untagged = KernelAddress.untagged(word)
        if untagged != word { isTagged = true }
        bytes.storeBytes(of: untagged, toByteOffset: offset, as: UInt64.self)
      }
    }
    guard isTagged else { return .malformed }
    return bytes.withUnsafeBytes { payload in
      let copy = RawRecord(
        timestamp: record.timestamp, cpu: record.cpu, buffer: record.buffer, eventID: record.eventID, pid: record.pid,
        payload: payload)
      return decodeAsRecorded(copy, ordinal: ordinal, &unmappers, into: &batch)
    }
  }

  @inline(__always) private func decodeAsRecorded(
    _ record: RawRecord, ordinal: UInt64, _ unmappers: inout Unmappers, into batch: inout EventBatch
  ) -> EventDecoder.Outcome {
    guard Int(record.eventID) < places.count else { return .foreign }
    let place = places[Int(record.eventID)]
    guard place.kind != .foreign else { return .foreign }
    let (bytes, index) = (record.payload, place.index)
    guard bytes.count >= place.length else { return .malformed }
    let stamp = EventStamp(ordinal: ordinal, timestamp: record.timestamp, pid: record.pid, cpu: record.cpu)
    switch place.kind {
    case .foreign: return .foreign
    case .insert, .remove:
      let isInsertion = place.kind == .insert
      let makesSense = batch.appendUpdate(isInsertion: isInsertion, at: stamp) { place in
        trees.lend(index) { $0.load(bytes, into: place) }
      }
      guard makesSense else { return .malformed }
    case .put:
      guard let put = puts[index].load(bytes) else { return .malformed }
      batch.append(put, at: stamp)
    case .vmaFree:
      guard let free = vmaFrees[index].load(bytes) else { return .malformed }
      batch.append(free, at: stamp)
    case .enter:
      let makesSense = batch.appendEntry(at: stamp) { place in
        entries.lend(index) { $0.load(bytes, into: place) }
      }
      guard makesSense else { return .malformed }
    case .leave: batch.append(returns[index].load(bytes), at: stamp)
    case .folio:
      let makesSense = batch.appendFolio(at: stamp) { place in
        folios.lend(index) { $0.load(bytes, into: place) }
      }
      guard makesSense else { return .malformed }
    case .page:
      let makesSense = batch.appendFolio(at: stamp) { place in
        pages.lend(index) { $0.load(bytes, pid: record.pid, &unmappers, into: place) }
      }
      guard makesSense else { return .malformed }
    case .unmapper:
      guard let view = unmapperLayouts[index].load(bytes) else { return .malformed }
      unmappers.note(view, of: record.pid)
    case .hugetlbUnmap:
      guard let event = hugetlbUnmaps[index].load(bytes) else { return .malformed }
      batch.append(event, at: stamp)
    case .walk:
      guard let event = walks[index].load(bytes) else { return .malformed }
      batch.append(event, at: stamp)
    }
    return .event
  }
}

extension ContiguousArray {
  /// Lends an element where it lies. The large layouts are used so: as a value, each of their fields would be loaded for
  /// every record, needed or not.
  @inline(__always) fileprivate func lend<Result>(_ index: Int, _ body: (UnsafePointer<Element>) -> Result) -> Result {
    withUnsafeBufferPointer { elements in
      precondition(elements.indices.contains(index), "a layout that was stored")
      return body(elements.baseAddress.unsafelyUnwrapped + index)
    }
  }
}
