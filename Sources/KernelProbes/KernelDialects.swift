import Vocabulary

/// A name or a form that some kernels have and others don't: what the recipes must cope with, in one table.
///
/// A dialect is recognised by what the kernel offers, never by its version: distributions carry fixes back. The
/// versions here are for people.
public struct KernelDialect: Equatable, Sendable {
  /// How far the recipes for it have been tried.
  public enum Evidence: String, Codable, Sendable {
    /// Recordings of such kernels were made and checked.
    case recorded
    /// The definitions were worked out from a real kernel's BTF and symbols, but not put to use.
    case resolved
    /// Known from the kernel's source only; tested on BTF and formats that were written for the test.
    case synthetic
  }

  /// What tells that a kernel has it.
  enum Marker: Equatable, Sendable {
    case function(String)
    case structure(String)
    case member(String, of: String)
    case enumeration(String)
  }

  /// What is so named.
  public let name: String
  /// The kernels that have it, for people.
  public let kernels: String
  /// What differs for the recording.
  public let meaning: String
  /// How far it has been tried.
  public let evidence: Evidence
  let marker: Marker

  func isSpoken(_ types: KernelTypes, _ symbols: KernelSymbols) -> Bool {
    switch marker {
    case .function(let name): return symbols.status(of: name) != .absent
    case .structure(let name): return types.structure(named: name) != nil
    case .member(let path, let name):
      guard let structure = types.structure(named: name) else { return false }
      return (try? types.member(path, of: structure)) != nil
    case .enumeration(let name): return !types.enumerators(of: name).isEmpty
    }
  }

  /// Whether a function is known under another name to most kernels that were recorded.
  static func isRenamed(_ symbol: String) -> Bool { FunctionNames.isOfAnonRmapTree(symbol) }

  /// Every dialect.
  public static let all: [KernelDialect] = [
    KernelDialect(
      name: "anon_vma_interval_tree_*", kernels: "3.7 to 7.2",
      meaning: "an AVC's tree is given by its root, which lies in the anon_vma",
      evidence: .recorded, marker: .function("anon_vma_interval_tree_insert")),
    KernelDialect(
      name: "anon_rmap_tree_*", kernels: "7.3 on",
      meaning: "an AVC's tree is given by the anon_vma itself",
      evidence: .recorded, marker: .function("anon_rmap_tree_insert")),
    KernelDialect(
      name: "num_children, num_active_vmas", kernels: "6.1 on (2555283eb40d, and in stable kernels)",
      meaning: "an anon_vma counts children and VMAs apart",
      evidence: .recorded, marker: .member("num_active_vmas", of: "anon_vma")),
    KernelDialect(
      name: "degree", kernels: "3.19 to 6.0",
      meaning: "one count for children and VMAs: the counters can't be checked",
      evidence: .synthetic, marker: .member("degree", of: "anon_vma")),
    KernelDialect(
      name: "page_*_anon_rmap", kernels: "up to 6.8",
      meaning: "the rmap functions are given a page, which may be a tail of its folio",
      evidence: .recorded, marker: .function("page_add_anon_rmap")),
    KernelDialect(
      name: "do_page_add_anon_rmap", kernels: "up to 5.18 (f1e2db12e45b)",
      meaning: "walks are given a page, too, and a removal does not say in which VMA: what is around it does",
      evidence: .recorded, marker: .function("do_page_add_anon_rmap")),
    KernelDialect(
      name: "folio_*_anon_rmap", kernels: "6.8 on",
      meaning: "the rmap functions are given a folio",
      evidence: .recorded, marker: .function("folio_add_anon_rmap_ptes")),
    KernelDialect(
      name: "$argN at return", kernels: "6.9 on (25f00e40ce79)",
      meaning: "a return probe reads the arguments of the entry",
      evidence: .recorded, marker: .structure("probe_entry_arg")),
    KernelDialect(
      name: "__vm_area_free", kernels: "6.4 to 6.15",
      meaning: "exit frees its VMAs by this function alone",
      evidence: .recorded, marker: .function("__vm_area_free")),
    KernelDialect(
      name: "rmap_walk_arg", kernels: "6.12 on",
      meaning: "remove_migration_pte gets the old folio behind a struct",
      evidence: .recorded, marker: .structure("rmap_walk_arg")),
    KernelDialect(
      name: "pagetable_move_control", kernels: "6.16 on",
      meaning: "move_page_tables gets its arguments in one struct",
      evidence: .recorded, marker: .structure("pagetable_move_control")),
    KernelDialect(
      name: "memdesc_flags_t", kernels: "6.18 on",
      meaning: "a folio's flags are a struct of one word",
      evidence: .recorded, marker: .member("flags.f", of: "folio")),
    KernelDialect(
      name: "enum vma_operation", kernels: "7.0 on",
      meaning: "anon_vma_clone is told what for; fork makes its anon_vma first, and may throw it away",
      evidence: .recorded, marker: .enumeration("vma_operation")),
    KernelDialect(
      name: "__vm_anon_pgoff_lo", kernels: "7.3 on",
      meaning: "a VMA has a second, anonymous offset, by which its pages are found",
      evidence: .recorded, marker: .member("__vm_anon_pgoff_lo", of: "vm_area_struct")),
    KernelDialect(
      name: "linear_page_index", kernels: "7.3 on",
      meaning: "a walk for a KSM page looks for one offset at a time",
      evidence: .recorded, marker: .member("linear_page_index", of: "ksm_rmap_item")),
    KernelDialect(
      name: "mmap_sem", kernels: "up to 5.7 (da1c55f1b272)",
      meaning: "the lock of an address space goes by its old name",
      evidence: .synthetic, marker: .member("mmap_sem", of: "mm_struct")),
    KernelDialect(
      name: "rwbase_rt", kernels: "PREEMPT_RT",
      meaning: "an rwsem without count and owner: who holds the root's lock is not recorded",
      evidence: .recorded, marker: .member("rwbase", of: "rw_semaphore")),
  ]
}
