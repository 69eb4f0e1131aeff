/// A field, or several that go together, that a recording may lack: because the kernel has nothing like it, or because the
/// recording is older than the field. What some invariant can't do without is listed here.
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

  /// Its names.
  public var names: [FieldName] {
    switch self {
    case .rootLock: [.lock, .lockPID]
    case .counters: [.children, .active]
    case .rmapLocks: [.locks]
    case .mmapLock: [.mmapLock]
    case .backing: [.vmOperations, .vmFile]
    case .pageProtection: [.vmProtection]
    case .pageExclusive: [.exclusive]
    }
  }

  /// The events that should have it.
  public var events: [EventName] {
    switch self {
    case .rootLock, .counters: [.avcInsert, .avcRemove]
    case .rmapLocks: [.moveTables]
    case .mmapLock, .backing: [.prepare]
    case .pageProtection: [.avcInsert]
    case .pageExclusive:
      [
        .folioNew, .folioAdd, .folioRemove, .folioMove, .folioNewEntry, .folioMoveEntry, .pageNew, .pageAdd,
        .pageRemove, .pageMove,
      ]
    }
  }

  /// What the field is, and in which of the recording's events it would be: for a report.
  public var meaning: String {
    let fields = names.map(\.rawValue).joined(separator: ", ")
    let events = events.map(\.rawValue).joined(separator: ", ")
    return switch self {
    case .rootLock: "the root's rwsem (\(fields) of \(events))"
    case .counters: "num_children, num_active_vmas (\(fields) of \(events))"
    case .rmapLocks: "need_rmap_locks (\(fields) of \(events))"
    case .mmapLock: "the count of mmap_lock (\(fields) of \(events))"
    case .backing: "\(fields) (of \(events))"
    case .pageProtection: "vm_page_prot (\(fields) of \(events))"
    case .pageExclusive: "PageAnonExclusive (\(fields) of the page events)"
    }
  }
}
