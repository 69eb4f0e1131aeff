/// Events in the order of a recording: what the decoder hands to the graph, a few hundred at a time.
///
/// Each kind of event has a lane of its own. So an event is written once, where it is read, and takes no more room
/// than its fields; an array of ``RmapEvent`` would copy every one as if it were of the largest kind.
///
/// `@unchecked Sendable`: it can't be copied, so that one thread at a time has it, and nobody else knows its lanes' memory.
public struct EventBatch: ~Copyable, @unchecked Sendable {
  /// Which lane an event lies in; of tree updates also what they do: the cases of ``RmapEvent``.
  public enum Kind: UInt8, Sendable { case insert, remove, enter, leave, put, vmaFree, folio, hugetlbUnmap, walk }

  /// An event's place in the recording and in its lane.
  public struct Item: Sendable {
    /// Where it was seen.
    public let stamp: EventStamp
    /// Its lane.
    public let kind: Kind
    /// Its place in the lane.
    public let index: Int32

    @inlinable init(stamp: EventStamp, kind: Kind, index: Int) {
      self.stamp = stamp
      self.kind = kind
      self.index = Int32(truncatingIfNeeded: index)
    }
  }

  /// All events in their order.
  public var items = Lane<Item>()
  /// The lane of insertions and removals.
  public var updates = Lane<TreeUpdate>()
  /// The lane of entries.
  public var entries = Lane<OperationEntry>()
  /// The lane of returns.
  public var returns = Lane<OperationReturn>()
  /// The lane of anon_vmas' ends.
  public var puts = Lane<AnonVMAPut>()
  /// The lane of VMAs' ends.
  public var vmaFrees = Lane<VMAFree>()
  /// The lane of folios' events.
  public var folios = Lane<FolioEvent>()
  /// The lane of hugetlbfs' range unmappings.
  public var hugetlbUnmaps = Lane<HugetlbUnmap>()
  /// The lane of walks' events.
  public var walks = Lane<WalkEvent>()

  /// An empty batch.
  public init() {}

  /// How many events it holds.
  @inlinable public var count: Int { items.count }

  /// Forgets all events, and keeps the memory.
  public mutating func removeAll() {
    items.removeAll()
    updates.removeAll()
    entries.removeAll()
    returns.removeAll()
    puts.removeAll()
    vmaFrees.removeAll()
    folios.removeAll()
    hugetlbUnmaps.removeAll()
    walks.removeAll()
  }

  // MARK: Writing

  // The three large kinds are made where they are to lie; `make` returns false if the record makes no sense.

  /// Adds an AVC's insertion into its tree, or its removal.
  @inline(__always) @inlinable
  public mutating func appendUpdate(
    isInsertion: Bool, at stamp: EventStamp, _ make: (UnsafeMutablePointer<TreeUpdate>) -> Bool
  ) -> Bool {
    let index = updates.count
    guard updates.append(madeBy: make) else { return false }
    items.append(Item(stamp: stamp, kind: isInsertion ? .insert : .remove, index: index))
    return true
  }

  /// Adds an operation's entry.
  @inline(__always) @inlinable
  public mutating func appendEntry(
    at stamp: EventStamp, _ make: (UnsafeMutablePointer<OperationEntry>) -> Bool
  ) -> Bool {
    let index = entries.count
    guard entries.append(madeBy: make) else { return false }
    items.append(Item(stamp: stamp, kind: .enter, index: index))
    return true
  }

  /// Adds a step in a folio's life.
  @inline(__always) @inlinable
  public mutating func appendFolio(
    at stamp: EventStamp, _ make: (UnsafeMutablePointer<FolioEvent>) -> Bool
  ) -> Bool {
    let index = folios.count
    guard folios.append(madeBy: make) else { return false }
    items.append(Item(stamp: stamp, kind: .folio, index: index))
    return true
  }

  /// Adds an operation's return.
  @inline(__always) @inlinable public mutating func append(_ result: OperationReturn, at stamp: EventStamp) {
    items.append(Item(stamp: stamp, kind: .leave, index: returns.count))
    returns.append(result)
  }

  /// Adds the end of an anon_vma.
  @inline(__always) @inlinable public mutating func append(_ put: AnonVMAPut, at stamp: EventStamp) {
    items.append(Item(stamp: stamp, kind: .put, index: puts.count))
    puts.append(put)
  }

  /// Adds the end of a VMA.
  @inline(__always) @inlinable public mutating func append(_ free: VMAFree, at stamp: EventStamp) {
    items.append(Item(stamp: stamp, kind: .vmaFree, index: vmaFrees.count))
    vmaFrees.append(free)
  }

  /// Adds the unmapping of a range of hugetlbfs.
  @inline(__always) @inlinable public mutating func append(_ event: HugetlbUnmap, at stamp: EventStamp) {
    items.append(Item(stamp: stamp, kind: .hugetlbUnmap, index: hugetlbUnmaps.count))
    hugetlbUnmaps.append(event)
  }

  /// Adds a step of a walk.
  @inline(__always) @inlinable public mutating func append(_ event: WalkEvent, at stamp: EventStamp) {
    items.append(Item(stamp: stamp, kind: .walk, index: walks.count))
    walks.append(event)
  }

  // MARK: Reading

  /// Where an event was seen.
  @inlinable public func stamp(at position: Int) -> EventStamp { items[position].stamp }

  /// An event as a value of its own.
  public func event(at position: Int) -> RmapEvent {
    let index = Int(items[position].index)
    return switch items[position].kind {
    case .insert: .insert(updates[index])
    case .remove: .remove(updates[index])
    case .enter: .enter(entries[index])
    case .leave: .leave(returns[index])
    case .put: .put(puts[index])
    case .vmaFree: .vmaFree(vmaFrees[index])
    case .folio: .folio(folios[index])
    case .hugetlbUnmap: .hugetlbUnmap(hugetlbUnmaps[index])
    case .walk: .walk(walks[index])
    }
  }
}
