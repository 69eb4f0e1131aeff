import Foundation
import Invariants
import RmapEvents
import RmapTestSupport
import TestSupport
import Testing

/// Goal: the function that a report names first is the one that did it.
/// Method: random histories of a kernel with a seeded defect, as in `DefectTests`; of those in which it was found, a stated
/// share must be put down to the function that has the defect. `RMAPCHECK_BLAME_RATES=1` prints whom each was put down to.
@Suite struct BlameTests {
  private static let seed = testSeed("BlameTests")
  private static let wanted = 30
  private static let printsRates = ProcessInfo.processInfo.environment["RMAPCHECK_BLAME_RATES"] != nil

  @Test(arguments: Defect.allCases)
  func theDoerIsNamedFirst(_ defect: Defect) {
    var (found, right) = (0, 0)
    var names: [String: Int] = [:]
    for number in 0..<UInt64(1500) where found < Self.wanted {
      var generator = SeededGenerator(seed: Self.seed &+ number)
      let (history, fired) = History.random(
        60, version: number % 2 == 0 ? .v6_12 : .v6_1, with: defect, using: &generator)
      guard fired > 0, let first = history.judged().firsts.first else { continue }
      found += 1
      let name = FunctionNames()[first.responsible]
      names[name, default: 0] += 1
      if Self.doers(defect).contains(name) { right += 1 }
    }
    if Self.printsRates {
      let all = names.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
      print("| \(defect) | \(right) of \(found) | \(all.joined(separator: ", ")) |")
    }
    #expect(
      right * 100 >= found * Self.leastShare(defect), "\(defect): \(right) of \(found), \(names), seed \(Self.seed)")
  }

  /// The functions that a defect may be put down to: the one that has it, and what calls that one alone.
  private static func doers(_ defect: Defect) -> Set<String> {
    switch defect {
    case .forkSkipsRoot, .forkSkipsParent, .forkLinksStranger, .forkMakesRoot, .forkMistakesParent, .forkReusesActive,
      .forkReusesRoot, .forkReusesParent, .forkCountsNoChild, .forkTakesNoReference:
      ["anon_vma_fork"]
    case .forkSharesFirst: ["dup_mmap"]
    case .forkKeepsExclusive: ["copy_page_range"]
    case .cloneCountsNoVMA: ["anon_vma_clone", "__split_vma", "copy_vma"]
    case .unlinkCountsVMA, .unlinkCountsChild, .unlinkLeavesOne: ["unlink_anon_vmas"]
    case .putDropsTwo: ["__put_anon_vma", "unlink_anon_vmas"]
    case .splitClonesNothing, .splitMissesOne, .splitMistakesAnonVMA, .splitKeepsPgoff: ["__split_vma"]
    case .moveChangesPgoff, .moveMissesOne: ["copy_vma"]
    case .dontUnmapKeepsPgoff: ["unlink_anon_vmas", "move_page_tables"]
    case .mergeDropsChain, .mergeDropsAnonVMA: ["anon_vma_clone", "unlink_anon_vmas", "the caller of vm_area_free"]
    case .rangeChangesInTree, .rangeForgetsOne, .rangeShiftsPgoff, .rangeMistakesProtection, .insertsElsewhere,
      .insertsTwice, .insertsInFront, .locksNothing, .locksTooLate, .locksForReading:
      // Each of the functions that change trees may be the one.
      [
        "anon_vma_interval_tree_insert", "anon_vma_interval_tree_remove", "anon_vma_interval_tree_post_update_vma",
        "__anon_vma_prepare", "anon_vma_clone", "anon_vma_fork", "unlink_anon_vmas", "__split_vma", "copy_vma",
      ]
    case .unlinkComesLate, .exitUnlinksFirst: ["free_pgtables", "the caller of vm_area_free"]
    case .prepareCountsNoVMA, .prepareTakesStranger, .prepareTakesForked: ["__anon_vma_prepare"]
    case .prepareLocksNothing: ["the caller of __anon_vma_prepare"]
    case .newPageGetsRoot, .newPageGetsStranger, .newPageMistakesIndex: ["folio_add_new_anon_rmap"]
    case .hugetlbMistakesIndex: ["hugetlb_add_new_anon_rmap"]
    case .swapInGetsLeaf: ["folio_add_new_anon_rmap", "folio_add_anon_rmap_ptes"]
    case .reuseMovesToStranger, .reuseMovesNothing, .reuseTakesShared: ["folio_move_anon_rmap"]
    case .zapLeavesOne: ["unmap_vmas", "unlink_anon_vmas"]
    case .moveMistakesPlace: ["move_page_tables"]
    case .migrationChangesIndex, .migrationChangesOwner:
      ["folio_migrate_mapping", "remove_migration_pte", "rmap_walk_anon"]
    case .unmapKeepsRmap: ["try_to_unmap_one", "try_to_migrate_one"]
    case .walkLeavesOut, .walkLooksAway, .walkStopsEarly, .walkTakesRoot, .walkLocksNothing:
      ["rmap_walk_anon", "anon_vma_interval_tree_iter_first", "anon_vma_interval_tree_iter_next", "try_to_unmap_one"]
    }
  }

  /// The share, in percent, that must be put down to it: nearly all, but where the events show another step first.
  private static func leastShare(_ defect: Defect) -> Int {
    switch defect {
    // No event shows an AVC's place in its tree, a second reference dropped, a page that should have moved, or which of two
    // places a page table entry went to: whoever comes upon it is named.
    case .insertsInFront, .putDropsTwo, .reuseMovesNothing, .moveMistakesPlace: 0
    // The callback's own rule needs another page at the place; otherwise the anon_vma's end shows it.
    case .unmapKeepsRmap: 0
    case .splitClonesNothing, .forkCountsNoChild, .dontUnmapKeepsPgoff: 45
    case .splitKeepsPgoff, .exitUnlinksFirst, .reuseMovesToStranger, .migrationChangesIndex, .walkStopsEarly: 55
    default: 80
    }
  }
}
