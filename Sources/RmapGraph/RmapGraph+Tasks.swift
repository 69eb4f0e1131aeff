import RmapEvents

/// The tasks that the model knows, and for how long.
extension RmapGraph {
  mutating func task(_ pid: Int32) -> UInt32 {
    if work.lastTask.pid == pid, work.lastTask.slot != .max { return work.lastTask.slot }
    let slot = findTask(pid)
    work.lastTask = (pid, slot)
    return slot
  }

  private mutating func findTask(_ pid: Int32) -> UInt32 {
    let key = UInt64(UInt32(bitPattern: pid)) + 1
    if let slot = work.taskOf[key] { return slot }
    let slot: UInt32
    if let idle = work.tasks.takeFreeSlot() {
      work.tasks[idle].begin(pid, isClear: work.clearTasks[key] != nil)
      slot = idle
    } else {
      slot = work.tasks.insert(Task(pid: pid, isClear: work.clearTasks[key] != nil))
    }
    work.taskOf.set(key, to: slot)
    return slot
  }

  /// Gives back the slot of a task that is in no operation, so that memory does not grow with processes: not at once,
  /// since most are soon in the next one, but when some others have become idle after it.
  mutating func rest(_ slot: UInt32) {
    guard work.tasks[slot].isIdle, !work.tasks[slot].isResting else { return }
    work.tasks[slot].isResting = true
    let longest = work.resting.tasks[work.resting.next]
    work.resting.tasks[work.resting.next] = slot
    work.resting.next = (work.resting.next + 1) % work.resting.tasks.count
    guard longest != .max else { return }
    work.tasks[longest].isResting = false
    guard work.tasks[longest].isIdle else { return }
    work.taskOf.remove(UInt64(UInt32(bitPattern: work.tasks[longest].pid)) + 1)
    // Who retires is the last task, and never the one that has rested longest; the memo does not depend on it.
    if work.lastTask.slot == longest { work.lastTask.slot = .max }
    work.tasks.remove(longest)
  }

  mutating func markClear(_ slot: UInt32) {
    guard !work.tasks[slot].isClear else { return }
    work.tasks[slot].isClear = true
    work.clearTasks.set(UInt64(UInt32(bitPattern: work.tasks[slot].pid)) + 1, to: 0)
  }

  /// A task that is at work in an mm which was made within the recording has begun within it all that it is in.
  mutating func clarify(_ slot: UInt32, by mm: KernelAddress) {
    guard !work.tasks[slot].isClear, work.tasks[slot].operations.isEmpty else { return }
    if mms.known[mm.raw] != nil || mms.forked[mm.raw] != nil { markClear(slot) }
  }
}
