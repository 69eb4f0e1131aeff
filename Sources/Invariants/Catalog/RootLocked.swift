import RmapEvents
import RmapGraph

extension Invariant {
  static let rootLocked = Invariant(
    name: "root-locked", number: 4,
    statement: """
      Every change to an anon_vma's tree is made with the root's rwsem held for writing by the task that makes the \
      change; every step of a walk through it with the rwsem held, for reading or for writing.
      """,
    source: """
      include/linux/rmap.h, struct anon_vma_chain: rb is "locked by anon_vma->rwsem"; mm/vma.c (6.1: \
      mm/mmap.c), before anon_vma_interval_tree_pre_update_vma: "The entire update must be protected by exclusive \
      mmap_lock and by the root anon_vma's mutex"; commit 012f18004da3 (2.6.36)
      """,
    kernels: "2.6.36 and later",
    exceptions: """
      PREEMPT_RT has another type of rwsem: the lock is not recorded there, and nothing is decided. From 5.3 to 5.11 a \
      writer that has waited long marks itself as the owner with a bit that moves the pid that is read; of a thread \
      nothing is decided then.
      """,
    needs: [.insert, .remove],
    fields: [.rootLock],
    checks: [.willInsertAVC(judge), .willRemoveAVC(judge), .willWalkTree(judgeStep)])
}

/// Whether the owner has a mark that moves its pid, and the ledger has been told.
@inline(never) private func ownerIsMarked(_ lock: LockView, _ pid: Int32, _ ledger: inout Ledger) -> Bool {
  switch lock.isWriteHeld(by: pid) {
  case true?: ledger.holds()
  case nil: ledger.cannotTell(.notRecorded)
  case false?: return false
  }
  return true
}

/// The lock does not record which tasks read, only that some task does.
private func judgeStep(_ s: borrowing WalkStepSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let lock = s.lock else { return ledger.cannotTell(.notRecorded) }
  if lock.isWriteLocked ? lock.ownerPID == s.stamp.pid : lock.mayBeReadLocked {
    return ledger.holds()
  }
  if ownerIsMarked(lock, s.stamp.pid, &ledger) { return }
  let (root, stamp) = (s.root, s.stamp)
  let function: EventKind = s.isFirst ? .walkFirst : .walkNext
  ledger.broken(key: root.raw, in: graph) {
    let state =
      lock.isWriteLocked
      ? "R's rwsem is write-held by pid \(lock.ownerPID), not by pid \(stamp.pid)"
      : "R's rwsem is not held (count 0x\(hexadecimal(lock.count)))"
    return Finding(
      what: "A tree is walked without its root's lock.", function: .kind(function),
      stamp: stamp, objects: [("R", "anon_vma \(root), the tree's root")],
      established: [.init("pid \(stamp.pid) walks through a tree of R", stamp)],
      contradiction: .init(state, stamp),
      rule: "The trees of a root are walked under the root's lock only (include/linux/rmap.h).")
  }
}

private func judge(_ s: borrowing TreeSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let lock = s.update.lock else { return ledger.cannotTell(.notRecorded) }
  if lock.isWriteLocked, lock.ownerPID == s.stamp.pid { return ledger.holds() }
  if ownerIsMarked(lock, s.stamp.pid, &ledger) { return }
  let (update, stamp, function) = (s.update, s.stamp, function(of: s))
  ledger.broken(key: update.root.raw, in: graph) {
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
