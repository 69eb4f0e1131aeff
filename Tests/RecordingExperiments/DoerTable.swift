public import Checking

/// Whom a check blames for each injected fault, beside the function in which it was injected.
public struct DoerTable: Sendable {
  /// One injected fault.
  public struct Row: Sendable {
    /// The recording's folder.
    public let recording: String
    /// The fault.
    public let fault: String
    /// The function in which the module broke the rule.
    public let injected: String
    /// The function that the report names first; nil where nothing was found.
    public let named: String?
    /// Whether it is the right one.
    public var isRight: Bool { named.map { DoerTable.accepted(injected, fault: fault).contains($0) } ?? false }
    /// Why the recording does not show the right one, where that is known.
    public var reason: String { isRight ? "" : DoerTable.reasons[fault] ?? "" }
  }

  /// A row for each injection.
  public private(set) var rows: [Row] = []

  /// An empty table.
  public init() {}

  /// Adds what the check of a recording says of the faults that its sidecar names.
  public mutating func add(_ name: String, _ result: RecordingResult) throws {
    for row in try FaultTable(result).rows {
      rows.append(Row(recording: name, fault: row.fault, injected: row.injectedIn, named: row.responsible))
    }
  }

  /// How many are right.
  public var right: Int { rows.count(where: \.isRight) }

  /// The functions by which a fault is rightly named: that in which it was injected, and of a function that has no events of
  /// its own the one that is recorded instead of it, which calls nothing else that could have done it.
  static func accepted(_ injected: String, fault: String) -> [String] {
    [injected] + (callers[injected] ?? []) + (operations[fault] ?? [])
  }

  /// What calls a function without events of its own, or runs it inline.
  private static let callers = [
    "anon_vma_interval_tree_iter_first": ["rmap_walk_anon"], "anon_vma_interval_tree_iter_next": ["rmap_walk_anon"],
    "anon_rmap_tree_iter_first": ["rmap_walk_anon"], "anon_rmap_tree_iter_next": ["rmap_walk_anon"],
    "folio_not_mapped": ["rmap_walk_anon"], "rmap_walk": ["rmap_walk_anon", "remove_migration_pte"],
    "find_mergeable_anon_vma": ["__anon_vma_prepare"],
    "__vmf_anon_prepare": ["the caller of __anon_vma_prepare"],
    "__zap_vma_range": ["the caller of __unmap_hugepage_range"],
    "zap_present_folio_ptes": ["unmap_vmas"], "move_present_pte": ["move_pages"],
    "vma_complete": ["commit_merge", "the caller of vm_area_free"],
  ]

  /// In which operation a fault makes a function do wrong that several call.
  private static let operations = [
    "drop-avc": ["anon_vma_fork"], "drop-root-avc": ["anon_vma_fork"], "parents-own": ["anon_vma_fork"],
    "reuse-root": ["anon_vma_fork"], "skipped-insert": ["anon_vma_fork"], "wrong-tree": ["anon_vma_fork"],
    "skipped-lock": ["anon_vma_fork"], "read-lock": ["anon_vma_fork"], "wrong-lock": ["anon_vma_fork"],
    "split-drop-avc": ["__split_vma"], "chainless": ["__split_vma"], "lost-active-clone": ["__split_vma"],
    "move-chainless": ["copy_vma"], "left-anon-pgoff": ["dontunmap_complete"],
  ]

  /// Where a recording can't show who did it.
  private static let reasons = [
    "unlocked-prepare": "whoever takes the lock has no events, nor has what it calls",
    "unfaulted-pgoff": "nothing is recorded between the VMA's birth and its first fault",
    "unfaulted-anon-pgoff": "nothing is recorded between the VMA's birth and its first fault",
    "pure-anon-pgoff": "nothing is recorded between the VMA's birth and its first fault",
    "ksm-maps-exclusive": "what marks a page exclusive has no events: who maps it next shows it",
    "ksm-takes-no-reference": "get_anon_vma and put_anon_vma have no events but the last put",
  ]

  /// The table, and the sum below it.
  public var text: String {
    var lines = [
      "| recording | fault | injected in | named first | right | why not |", "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows {
      let cells = [
        row.recording, row.fault, row.injected, row.named ?? "-", row.isRight ? "yes" : "no", row.reason,
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return (lines + ["", "\(right) of \(rows.count) faults are put down to the function that did it", ""])
      .joined(separator: "\n")
  }
}
