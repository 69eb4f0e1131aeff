/// A field that a recording may lack: because the kernel has nothing like it, or because the recording is older
/// than the field. Those that every recording has are not listed.
public enum RecordedField: UInt8, CaseIterable, Sendable {
  /// The root's rwsem.
  case rootLock
  /// `num_children` and `num_active_vmas`.
  case counters
  /// Whether move_page_tables takes the rmap locks.
  case rmapLocks
  /// The count of `mm->mmap_lock`.
  case mmapLock
  /// `vm_ops` and `vm_file` of a VMA that gets its first anon_vma.
  case backing
  /// `vm_page_prot` of a VMA that enters a tree.
  case pageProtection
  /// PageAnonExclusive.
  case pageExclusive

  /// What the field is, and in which of the recording's events it would be: for a report.
  public var meaning: String {
    switch self {
    case .rootLock: "the root's rwsem (lock, lock_pid of avc_insert, avc_remove)"
    case .counters: "num_children, num_active_vmas (children, active of avc_insert, avc_remove)"
    case .rmapLocks: "need_rmap_locks (locks of move_tables)"
    case .mmapLock: "the count of mmap_lock (mmap_lock of prepare)"
    case .backing: "vm_ops, vm_file (of prepare)"
    case .pageProtection: "vm_page_prot (vm_prot of avc_insert)"
    case .pageExclusive: "PageAnonExclusive (exclusive of the page events)"
    }
  }
}
