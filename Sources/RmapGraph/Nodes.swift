// RmapGraph: the anon_vma graph of a running kernel, as far as a recording shows it.
//
// One idea: the graph applies each event by the kernel's own rules, and tells an observer what is about to change.
// What it has not seen it does not invent: it says that it does not know. The words for that:
//
//   slot         Objects live in pools (`Slab`) and are named by a slot, an index. Slots are reused, so what outlives
//                an event holds an identity (`VMAID`, `AnonVMAID`): a slot and the serial number of its tenant.
//                Addresses are reused too, within microseconds; a `SlotMap` leads from an address to the slot of the
//                tenant that has it.
//   stamp        Everything the model knows carries the stamp of the event it is from: number, time, CPU, task,
//                function. That is what a report shows as proof.
//   operation    A function of mm/rmap.c or mm/vma.c that a task has entered and not left. Operations nest as the
//                kernel's calls do (`mayEnclose`). What a tree event means depends on the operation it is in.
//   clear        A task is clear once it was seen outside of any operation. Any other may be in the middle of one
//                whose entry was not recorded, and what it changes is then unknown, not wrong.
//   contended    A root is contended while another task is inside an operation on it: its counters are between two
//                values.
//   parked       An AVC that was taken out of its tree because its VMA's range changes, and is to come back with a
//                new key (anon_vma_interval_tree_pre_update_vma). *Stranded*, if its task goes on without putting it
//                back.
//   given up     The range that a VMA shrank out of: once the last parked AVC is back, its pages must be in another
//                VMA.
//   displaced    A page over which another was mapped; its removal is to follow. The task *owes* it.
//   left         A page that a walk's callback says it has unmapped, and that the model still has.
//   known        Of a chain, a tree, a folio: followed since it was empty, so that the model has all of it. Only then
//                does "not in the model" mean "not in the kernel".
//
// Time runs one way: an event is compared with the model, then the observer is called with the situation as it is
// before the change, then the change is made (some situations come after it: a function has returned). After a gap
// everything is forgotten (`reset`), but for what can't change.
//
// No event allocates, once the pools have grown to the size of the recorded machine.
//
// Where a new thing goes: a new operation is a kind of `OperationEntry` and what its entry and return do in
// RmapGraph+Operations; a new moment is a method of `GraphObserver` and a struct in Situations; a question that an
// invariant has goes to RmapGraph+Questions, as long as it changes nothing.

public import RmapEvents

/// Names an anon_vma of the model: a slot, and a serial number that tells a slot's tenants apart.
public struct AnonVMAID: Hashable, Sendable {
  let slot: UInt32
  let serial: UInt32
}

/// Names a VMA of the model.
public struct VMAID: Hashable, Sendable { let slot: UInt32 }

/// Names an AVC of the model.
public struct AVCID: Hashable, Sendable { let slot: UInt32 }

/// Names a folio of the model.
public struct FolioID: Hashable, Sendable { let slot: UInt32 }

/// An anon_vma as the recording has shown it (include/linux/rmap.h: struct anon_vma).
public struct AnonVMA: Sendable {
  /// Its address.
  public internal(set) var address: KernelAddress
  /// The event that made it, or `.beforeRecording`.
  public internal(set) var birth: EventStamp
  /// Whether the recording holds its birth; if not, there may be AVCs and children that were never seen.
  public var birthWasSeen: Bool { birth.isRecorded }
  /// `->root`, as first seen.
  public internal(set) var root: KernelAddress
  /// `->parent`, as first seen. The kernel does not pin it: it may dangle once the tree is empty.
  public internal(set) var parent: KernelAddress
  /// `num_children` as the kernel's rules give it from what was seen: "count of all anon_vmas that have
  /// ->parent pointing to this one, including itself"; nil while unknown.
  public internal(set) var children: Int64?
  /// `num_active_vmas` likewise: VMAs whose `->anon_vma` points here, not AVCs; nil while unknown.
  public internal(set) var active: Int64?
  /// What last changed a counter.
  public internal(set) var counterStamp: EventStamp
  /// How many AVCs of the model are in its tree.
  public internal(set) var linkedCount = 0
  /// How many AVCs of the model are out of its tree for a range change.
  public internal(set) var parkedCount = 0
  /// The removal that left its tree empty; nil while it has members or that was not seen.
  var emptied: EventStamp?
  /// Whether the model may have missed a mapping of a page that points here, other than by a gap.
  public internal(set) var mayHaveMorePages = false
  /// The shifts (``VMAView/indexShift``) of all VMAs that were ever in its tree, a bit of 64 each.
  var shifts: UInt64 = 0
  /// How many mapped pages have a `folio->mapping` that points here.
  public internal(set) var mappedPages = 0
  /// How many AVCs of the model lead to it, in its tree or out of it for a range change.
  public var memberCount: Int { linkedCount + parkedCount }
  /// On a root: how many anon_vmas other than itself name it as their root and have a VMA.
  public internal(set) var usedUnder = 0
  /// How many living anon_vmas other than itself name it as their root.
  public internal(set) var rootedCount = 0
  /// On a root: operations of other tasks that have begun to change this root's graph and not returned.
  var openOperations = 0
  /// On a root: counts how often its graph's counters became unknown.
  var counterEpoch: UInt32 = 0
  /// The root's ``counterEpoch`` when ``children`` and ``active`` were learned.
  var knownInEpoch: UInt32 = 0
  var firstInTree: UInt32 = .max
  /// The model's anon_vma behind ``root`` when it was last looked for.
  var rootID: AnonVMAID?
  /// Tells the tenants of one slot apart; 0 once it is dead.
  private(set) var serial: UInt32

  init(address: KernelAddress, birth: EventStamp, root: KernelAddress, parent: KernelAddress, serial: UInt32) {
    self.address = address
    self.birth = birth
    self.root = root
    self.parent = parent
    self.serial = serial
    counterStamp = birth
  }

  mutating func remove() { serial = 0 }

  /// Whether it is its own root.
  public var isRoot: Bool { root == address }
  /// Whether it is a root that nothing of the model needs any more. It may have died unseen: its last child's put reads
  /// root->refcount 2 while another CPU drops the root's own reference, without a call of __put_anon_vma.
  public var isUnneededRoot: Bool { isRoot && memberCount == 0 && rootedCount == 0 }

  /// Whether a VMA whose indices lie this much above its page numbers may ever have been in its tree. Never false for one
  /// that was, if its birth was seen.
  public func mayHaveHeld(shift: UInt64) -> Bool { shifts & Self.bit(ofShift: shift) != 0 }

  static func bit(ofShift shift: UInt64) -> UInt64 { 1 << ((shift &* 0x9e37_79b9_7f4a_7c15) >> 58) }
}

/// An anon_vma_chain: one VMA's membership in one anon_vma's tree.
public struct AVC: Sendable {
  /// Its address.
  public internal(set) var address: KernelAddress
  /// `->vma`.
  public internal(set) var vma: VMAID
  /// `->anon_vma`.
  public internal(set) var anonVMA: AnonVMAID
  /// Whether it is in the tree; if not, it is parked while its VMA's range changes.
  public internal(set) var isLinked: Bool
  /// First offset of the key under which it was last inserted; nil if that predates the recording.
  public internal(set) var keyStart: PgOff?
  /// Last offset of that key.
  public internal(set) var keyLast: PgOff
  /// Its last insertion or removal.
  public internal(set) var stamp: EventStamp
  /// The anon_vma's `num_children` as recorded at insertion; nil where not recorded.
  public internal(set) var childrenAtLink: UInt64?
  /// The anon_vma's `num_active_vmas` as recorded at insertion; nil where not recorded.
  public internal(set) var activeAtLink: UInt64?
  var nextInVMA: UInt32 = .max
  var previousInVMA: UInt32 = .max
  var nextInTree: UInt32 = .max
  var previousInTree: UInt32 = .max
  /// While it is in its tree: its neighbours among the AVCs of the same tree that lead to the same mm.
  var nextOfMM: UInt32 = .max
  var previousOfMM: UInt32 = .max
  /// The mm that they were put together for.
  var mm = KernelAddress.null
}

/// Where an anonymous VMA without an anon_vma has its `vm_pgoff` from.
public enum OffsetOrigin: UInt8, Sendable {
  /// It, or whatever it is a copy of, was there before the recording.
  case unknown
  /// It was mapped within the recording, or is a copy of one that was.
  case own
  /// fork copied it, or what it is a copy of, from a VMA with MADV_WIPEONFORK (kernel/fork.c:dup_mmap): it has that
  /// one's offset and none of its pages, and the advice itself may be taken back.
  case wiped
}

/// A VMA that takes part in the graph.
public struct VMA: Sendable {
  /// What the last event that carried it said.
  public internal(set) var view: VMAView
  /// Its allocation (vm_area_alloc, vm_area_dup), or `.beforeRecording`.
  public internal(set) var birth: EventStamp
  /// Whether its chain has been followed since it was empty, so that the model has all of it.
  public internal(set) var chainIsKnown: Bool
  /// How many AVCs of the model are on its chain, linked or parked.
  public internal(set) var chainCount = 0
  /// How many of them are parked: pre_update has taken them out of their trees, post_update has not put them back.
  public internal(set) var parkedCount = 0
  /// The last event that changed its chain.
  public internal(set) var chainStamp: EventStamp
  /// Set from the end of its fork until an event shows which anon_vma the fork gave it.
  public internal(set) var forkAwaitsSight = false
  /// The anon_vma that its fork made for it; nil if the fork used an existing one again.
  public internal(set) var forkedAnonVMA: AnonVMAID?
  /// The event that its fork returned with.
  public internal(set) var forkStamp: EventStamp?
  /// Where its `vm_pgoff` comes from.
  public internal(set) var offsetOrigin = OffsetOrigin.unknown
  /// The number of the event at which unlink_anon_vmas has cleared its anon_vma; 0 if it has not.
  public internal(set) var unlinkStamp: UInt64 = 0
  /// The range that it had when unlink_anon_vmas was called for it last.
  public internal(set) var unlinkedRange: (start: UserAddress, end: UserAddress)?
  /// Whether it had an anon_vma when unlink_anon_vmas was called for it.
  public internal(set) var hadAnonVMA = false
  /// Whether it has been unlinked from its anon_vmas, and not freed since: MREMAP_DONTUNMAP leaves such a VMA behind.
  public var wasUnlinked: Bool { unlinkStamp > 0 }
  /// What was last taken away of its pages, by folio_remove_rmap_ptes and its like.
  var lastUnmapped: (page: UInt64, stamp: EventStamp)?
  /// Whether vm_area_alloc has made it, and no operation that may give it an anon_vma was seen to begin on it since; never
  /// where all tasks are known to be recorded.
  var isFresh = false
  /// Whether ``view`` holds the anon_vma that it has as long as no operation changes it.
  public internal(set) var anonVMAIsSettled = false
  /// The number of the event that showed ``view``.
  public internal(set) var viewOrdinal: UInt64 = 0
  /// How many operations that change its chain or its `anon_vma` are in progress, of any task.
  public internal(set) var openOperations = 0
  /// Whether the last copy_vma that returned it had made it by merging, rather than by copying; nil if that was not
  /// seen.
  public internal(set) var isMergedCopy: Bool?
  /// The VMA as it was when its AVCs were last put into their trees; nil while none was seen to be.
  public internal(set) var linkedView: VMAView?
  var firstInChain: UInt32 = .max
}

/// A folio that is mapped, as far as the recording shows.
public struct Folio: Sendable {
  /// The head page's address.
  public internal(set) var address: KernelAddress
  /// Whether it belongs to hugetlbfs: the page tables then have one entry for each of its mappings.
  public let isHugetlb: Bool
  /// `folio->mapping`: as recorded, or as the kernel's rules predict it where ``mappingIsPredicted``.
  public internal(set) var mapping: FolioMapping
  /// Whether no event has shown the mapping since the step that set it.
  public internal(set) var mappingIsPredicted: Bool
  /// `folio->index`.
  public internal(set) var index: PgOff
  /// Whether it has more than one page.
  public internal(set) var isLarge = false
  /// Whether the recording holds its first mapping; if not, it may have mappings that were never seen.
  public internal(set) var birthWasSeen = false
  /// How many page mappings of it the model has.
  public internal(set) var mappedPages = 0
  /// Whether UFFDIO_MOVE may have taken it to another place, with another index, since it was last seen.
  public internal(set) var placeIsUncertain = false
  /// The first of the latest events that showed its page without PageAnonExclusive; nil if none did since it was
  /// made exclusive. Of large folios it is not known.
  public internal(set) var sharedSince: EventStamp?
  /// The event that gave it its mapping (new, first add, or move).
  public internal(set) var stamp: EventStamp
  /// The last event that added or removed a mapping of it.
  public internal(set) var changeStamp: EventStamp
  /// The model's anon_vma behind ``mapping``, where it knows it.
  public internal(set) var anonVMA: AnonVMAID?
}
