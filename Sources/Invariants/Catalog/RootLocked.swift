import RmapEvents
import RmapGraph

extension Invariant {
  static let rootLocked = Invariant(
    name: "root-locked", number: 4,
    statement: """
      Every change of an anon_vma's tree happens with its root's rwsem held for writing by the task that makes \
      the change.
      """,
    source: """
      include/linux/rmap.h, struct anon_vma_chain: rb is "locked by anon_vma->rwsem"; mm/mmap.c, mm/vma.c: "the \
      entire update must be protected by the root anon_vma's mutex"; commit 012f18004da3 (2.6.36)
      """,
    kernels: "2.6.36 and later",
    exceptions: """
      PREEMPT_RT has another type of rwsem: the lock is not recorded there, and nothing is decided.
      """,
    needs: [.insert, .remove],
    fields: [.rootLock],
    checks: [.linking(judgeLinking), .unlinking(judgeUnlinking)])
}

private func judgeLinking(
  _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) { judge(s, graph, function(of: s, insertion: true), &ledger) }

private func judgeUnlinking(
  _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) { judge(s, graph, function(of: s, insertion: false), &ledger) }

private func judge(
  _ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ function: String,
  _ ledger: inout Ledger
) {
  guard let lock = s.update.lock else { return ledger.cannotTell(.notRecorded) }
  if lock.isWriteLocked, lock.ownerPID == s.stamp.pid { return ledger.holds() }
  let (update, stamp) = (s.update, s.stamp)
  ledger.broken(key: update.root.raw) {
    let state =
      lock.isWriteLocked
      ? "R's rwsem is write-held by pid \(lock.ownerPID), not by pid \(stamp.pid)"
      : "R's rwsem is not write-held (count 0x\(hexadecimal(lock.count)))"
    return Finding(
      what: "A tree is changed without its root's lock.", function: function, stamp: stamp,
      objects: [
        ("V", describe(update.vma)), ("A", "anon_vma \(update.anonVMA)"),
        ("R", "anon_vma \(update.root), A's root"),
      ],
      established: [.init("pid \(stamp.pid) changes A's tree", stamp)],
      contradiction: .init(state, stamp),
      rule: "The trees of a root are changed under the root's lock only (include/linux/rmap.h).")
  }
}
