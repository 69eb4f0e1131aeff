import RmapEvents

// The parts of the graph beside its structure, VMAs, AVCs and anon_vmas: who is in the middle of what, which page is mapped
// where, what is known of each mm. They hold; the rules, which need several of them at almost every event, are RmapGraph's.

/// Tasks and the operations that they are in.
struct Work: ~Copyable {
  var tasks = Slab<Task>()
  var taskOf = SlotMap()
  /// The task that was looked for last, and its slot: the next event is mostly of the same.
  var lastTask = (pid: Int32(-1), slot: UInt32.max)
  var resting = RestingTasks()
  /// How many AVCs are out of their trees for a range change, of all tasks.
  var parkedAVCs = 0
  /// Tasks seen outside of any operation since the recording, or the last gap in it, began. Any other task may
  /// be in the middle of an operation whose entry was not recorded. Bounded by the kernel's `pid_max`.
  var clearTasks = SlotMap()
  /// The VMA whose AVCs a task last put back into their trees after a range change, by task.
  var relinkedBy = SlotMap()
}

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
