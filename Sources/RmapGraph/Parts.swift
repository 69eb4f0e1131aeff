import RmapEvents

// What the graph holds beside its structure, which is VMAs, AVCs and anon_vmas: which page is mapped where, what is known of
// each mm; Work.swift and Walk.swift have the tasks and the walks. What concerns one part alone is the part's own method.
// Most steps concern several, as a fault does, which is about a folio, its VMA and the task: those are RmapGraph's.

/// Folios, and the page tables that map them.
struct Paging: ~Copyable {
  var folios = Slab<Folio>()
  var folioOf = SlotMap()
  var tables = PageTables()
  var activeCopies: ContiguousArray<ActiveCopy> = []
  var activeMoves: ContiguousArray<ActiveMove> = []
  var displaced: ContiguousArray<DisplacedPage> = []
  var owed: ContiguousArray<Owed> = []
  /// The pages that a step is about; ``RmapGraph/collect(mm:_:_:)`` fills it.
  var scratch = Lane<PageTables.MappedPage>()
}

/// What is known of mms.
struct MMs: ~Copyable {
  /// Those that were seen to end: what stands in one at their address later was made within the recording.
  var known = SlotMap()
  /// Those that were seen to be made, by fork or exec.
  var born = SlotMap()
  /// The mm in which a page was unmapped last, and whether it is one of them: the next page is mostly of the same.
  var lastUnmapped = (mm: KernelAddress.null, isBorn: false)
  /// Those that fork has made within the recording, or maybe begun to make before it.
  var forked = SlotMap()
  /// Those in which no task of their own was seen.
  var silence = Silence()
  /// Those that exit_mmap is at work on.
  var exiting = SlotMap()
  /// How many VMAs of each the model has.
  var vmaCountOf = SlotMap()
}
