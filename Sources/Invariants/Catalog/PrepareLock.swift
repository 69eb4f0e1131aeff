import RmapEvents
import RmapGraph

extension Invariant {
  static let prepareLock = Invariant(
    name: "prepare-lock", number: 22,
    statement: "__anon_vma_prepare runs with the mm's mmap_lock held, because it looks at adjacent VMAs.",
    source: """
      mm/rmap.c: __anon_vma_prepare (mmap_assert_locked since 6.4); mm/memory.c: __vmf_anon_prepare; commits \
      657b5146955e, 98b74bb4d7e9 (CVE-2024-47676)
      """,
    kernels: "all; the count is read as since 5.2, faults without the lock exist since 6.4",
    exceptions: """
      The recording does not show who holds the lock; that nobody does is proof. PREEMPT_RT has another type of \
      rwsem: not recorded. exec's new stack before 5.11, when its mm was not yet locked (fs/exec.c, get_arg_page).
      """,
    needs: [.prepare],
    fields: [.mmapLock],
    checks: [.didEnter([.prepare], judge)])
}

private func judge(_ s: borrowing EntrySituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  guard let count = s.operation.entry.mmapLockCount else { return ledger.cannotTell(.notRecorded) }
  if LockView.isHeld(count) { return ledger.holds() }
  let (view, stamp) = (s.operation.entry.vma, s.stamp)
  // fs/exec.c:get_arg_page: until 5.11 the stack of an mm that nobody else knows yet was faulted in without its lock.
  if view.isTemporaryStack { return }
  ledger.broken(key: view.address.raw, in: graph) {
    Finding(
      // It is for the caller to hold it: on newer kernels __vmf_anon_prepare, on older ones whoever handles the fault.
      what: "A VMA gets its anon_vma while nobody holds mmap_lock.",
      function: .named("the caller of __anon_vma_prepare"),
      stamp: stamp, objects: [("V", describe(view))],
      established: [.init("pid \(stamp.pid) looks for an anon_vma among V's neighbours", stamp)],
      contradiction: .init("mmap_lock of V's mm has count 0x\(hexadecimal(count))", stamp),
      rule: "The neighbours of a VMA are stable under mmap_lock only (mm/memory.c, __vmf_anon_prepare).")
  }
}
