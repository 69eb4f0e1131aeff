import RmapEvents
import RmapGraph

extension Invariant {
  static let avcLink = Invariant(
    name: "avc-link", number: 1,
    statement: """
      Each AVC is in the tree of its own anon_vma exactly once and on its VMA's chain exactly once; a VMA is a \
      member of an anon_vma through one AVC only; unlink_anon_vmas leaves none behind.
      """,
    source: """
      include/linux/rmap.h, struct anon_vma_chain: "The same_vma list contains the anon_vma_chains linking all \
      the anon_vmas associated with this VMA"; mm/rmap.c: anon_vma_chain_link (6.12.113 and later: \
      anon_vma_chain_assign), unlink_anon_vmas
      """,
    kernels: "2.6.34 and later (an interval tree since 3.7)",
    exceptions: """
      While a VMA's range changes (anon_vma_interval_tree_pre_update_vma to post_update_vma) its AVCs are in no \
      tree; the root's lock is held throughout.
      """,
    needs: .graphChanges,
    judgesDesigns: true,
    accuses: .avc,
    checks: [
      .willInsertAVC(judgeInsertion), .willRemoveAVC(judgeRemoval), .didUnlinkAnonVMAs(judgeUnlink),
      .didStrandAVC(judgeStranded),
    ])
}

private let rule =
  "An AVC stands in exactly one tree, that of avc->anon_vma (mm/rmap.c, struct anon_vma_chain)."

private func judgeInsertion(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  if s.update.treeOwner != s.update.anonVMA {
    let (update, stamp) = (s.update, s.stamp)
    return ledger.broken(key: update.avc.raw, in: graph) { wrongTree(update, stamp, inserted: true) }
  }
  if let id = s.avc, graph[id].isLinked {
    let (old, update, stamp) = (graph[id], s.update, s.stamp)
    return ledger.broken(key: update.avc.raw, in: graph) {
      finding(
        "An AVC that is in a tree is inserted again.", update, stamp,
        [.init("C is in a tree", old.stamp)],
        .init("C is inserted without having been removed", stamp), insertion: true)
    }
  }
  if let twin = graph.membership(of: s.vma, in: s.anonVMA), graph[twin].address != s.update.avc {
    let (old, update, stamp) = (graph[twin], s.update, s.stamp)
    return ledger.broken(key: update.avc.raw, in: graph) {
      finding(
        "A VMA becomes a member of an anon_vma for the second time.", update, stamp,
        [.init("V is a member of A through AVC \(old.address)", old.stamp)],
        .init("V is linked to A again, through C", stamp), insertion: true)
    }
  }
  judgeEmptiness(s, graph, &ledger)
}

/// The kernel's `rb_node == NULL` against the model's count.
private func judgeEmptiness(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let chainIsKnown = graph.chainIsKnown(of: s.vma)
  guard graph.lives(s.anonVMA), !s.anonVMAIsNew else { return ledger.decide(if: chainIsKnown) }
  let (isEmpty, linked) = (s.update.treeIsEmpty, graph[s.anonVMA].linkedCount)
  let birthWasSeen = graph[s.anonVMA].birthWasSeen
  if isEmpty == (linked == 0) || !isEmpty && !birthWasSeen {
    return ledger.decide(if: chainIsKnown && birthWasSeen)
  }
  let (update, stamp, node) = (s.update, s.stamp, graph[s.anonVMA])
  let seen = graph.lastSeen(s.anonVMA)
  if isEmpty {
    return ledger.broken(key: update.anonVMA.raw, in: graph) {
      finding(
        "A tree has lost its AVCs without a removal.", update, stamp,
        [
          .init(
            "\(counted(node.linkedCount, "AVC", ("was", "were"))) inserted into A's tree and not removed", node.birth)
        ],
        .init("A's tree is empty", stamp), insertion: true, seen)
    }
  }
  ledger.broken(key: update.anonVMA.raw, in: graph) {
    finding(
      "A tree holds an AVC that should have left it.", update, stamp,
      [.init("every AVC that entered A's tree was removed", node.birth)],
      .init("A's tree is not empty", stamp), insertion: true, seen)
  }
}

private func judgeRemoval(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  // As it nearly always is, and without a copy of the event.
  if let id = s.avc, s.update.treeOwner == s.update.anonVMA, !s.update.treeIsEmpty, graph[id].isLinked,
    graph[id].vma == s.vma, graph[id].anonVMA == s.anonVMA
  {
    return ledger.holds()
  }
  let (update, stamp) = (s.update, s.stamp)
  if update.treeOwner != update.anonVMA {
    return ledger.broken(key: update.avc.raw, in: graph) { wrongTree(update, stamp, inserted: false) }
  }
  if update.treeIsEmpty {
    let seen = graph.lastSeen(s.anonVMA)
    return ledger.broken(key: update.avc.raw, in: graph) {
      finding(
        "An AVC is removed from an empty tree.", update, stamp, [],
        .init("A's tree is empty when C is taken out of it", stamp), insertion: false, seen)
    }
  }
  guard let id = s.avc else {
    guard graph[s.vma].chainIsKnown else { return ledger.cannotTell(.predatesRecording) }
    let chain = graph[s.vma].chainStamp
    return ledger.broken(key: update.avc.raw, in: graph) {
      finding(
        "An AVC is removed that was never inserted.", update, stamp,
        [.init("every AVC of V is known, and C is not among them", chain)],
        .init("C is removed from A's tree", stamp), insertion: false)
    }
  }
  let avc = graph[id]
  if !avc.isLinked {
    return ledger.broken(key: update.avc.raw, in: graph) {
      finding(
        "An AVC is removed from its tree twice.", update, stamp,
        [.init("C was removed", avc.stamp)], .init("C is removed again", stamp), insertion: false)
    }
  }
  let (vma, anonVMA) = (s.vma, s.anonVMA)
  if avc.vma != vma || avc.anonVMA != anonVMA {
    return ledger.broken(key: update.avc.raw, in: graph) {
      finding(
        "An AVC in a tree has changed its VMA or its anon_vma.", update, stamp,
        [.init("C linked other objects than V and A", avc.stamp)],
        .init("C links V and A when it is removed", stamp), insertion: false, avc.stamp)
    }
  }
  ledger.holds()
}

private func judgeUnlink(_ s: borrowing VMASituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard graph.chainCount(of: s.vma) > 0 else { return ledger.decide(if: graph.chainIsKnown(of: s.vma)) }
  var left: AVC?
  graph.forEachAVC(of: s.vma) { _, avc in
    left = avc
    return false
  }
  guard let left else { return ledger.holds() }
  let owner = graph.describe(left.anonVMA)
  let (view, stamp) = (s.view, s.stamp)
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      what: "unlink_anon_vmas leaves an AVC of the VMA behind.", function: .kind(.unlink),
      stamp: stamp, objects: [("V", describe(view)), ("C", "AVC \(left.address)"), ("A", owner)],
      established: [.init("C linked V to A", left.stamp)],
      contradiction: .init("unlink_anon_vmas(V) returned without removing C", stamp), rule: rule)
  }
}

private func judgeStranded(_ s: borrowing StrandedSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (avc, stamp) = (graph[s.avc], s.stamp)
  let (view, owner) = (graph[avc.vma].view, graph.describe(avc.anonVMA))
  ledger.broken(key: avc.address.raw, in: graph) {
    Finding(
      what: "An AVC is not put back into its tree after a range change.",
      function: .named("anon_vma_interval_tree_post_update_vma"), stamp: stamp, doer: .between(avc.stamp, stamp),
      objects: [("C", "AVC \(avc.address)"), ("V", describe(view)), ("A", owner)],
      established: [.init("C was taken out of A's tree to change V's range", avc.stamp)],
      contradiction: .init("the task goes on to its next operation without putting C back", stamp),
      rule: rule)
  }
}

private func wrongTree(_ update: TreeUpdate, _ stamp: EventStamp, inserted: Bool) -> Finding {
  finding(
    inserted
      ? "An AVC enters the tree of another anon_vma than its own."
      : "An AVC is removed from the tree of another anon_vma than its own.",
    update, stamp, [.init("C names A as its anon_vma", stamp)],
    .init("the tree is that of anon_vma \(update.treeOwner)", stamp), insertion: inserted)
}

private func finding(
  _ what: String, _ update: TreeUpdate, _ stamp: EventStamp, _ established: [Finding.Fact],
  _ contradiction: Finding.Fact, insertion: Bool, _ seen: EventStamp? = nil
) -> Finding {
  Finding(
    what: what,
    function: .kind(insertion ? .insert : .remove),
    stamp: stamp, doer: seen.map { .between($0, stamp) },
    objects: [
      ("C", "AVC \(update.avc)"), ("V", describe(update.vma)), ("A", "anon_vma \(update.anonVMA)"),
    ],
    established: established, contradiction: contradiction, rule: rule)
}
