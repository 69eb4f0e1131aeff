import RmapEvents

/// The tasks that the model knows, and for how long.
extension RmapGraph {
  mutating func task(_ pid: Int32) -> UInt32 {
    if lastTask.pid == pid, lastTask.slot != .max { return lastTask.slot }
    let slot = findTask(pid)
    lastTask = (pid, slot)
    return slot
  }

  private mutating func findTask(_ pid: Int32) -> UInt32 {
    let key = UInt64(UInt32(bitPattern: pid)) + 1
    if let slot = taskOf[key] { return slot }
    let slot: UInt32
    if let idle = tasks.takeFreeSlot() {
      tasks[idle].begin(pid, isClear: clearTasks[key] != nil)
      slot = idle
    } else {
      slot = tasks.insert(Task(pid: pid, isClear: clearTasks[key] != nil))
    }
    taskOf.set(key, to: slot)
    return slot
  }

  /// Gives back the slot of a task that is in no operation, so that memory does not grow with processes: not at once,
  /// since most are soon in the next one, but when some others have become idle after it.
  mutating func rest(_ slot: UInt32) {
    guard tasks[slot].isIdle, !tasks[slot].isResting else { return }
    tasks[slot].isResting = true
    let longest = resting.tasks[resting.next]
    resting.tasks[resting.next] = slot
    resting.next = (resting.next + 1) % resting.tasks.count
    guard longest != .max else { return }
    tasks[longest].isResting = false
    guard tasks[longest].isIdle else { return }
    taskOf.remove(UInt64(UInt32(bitPattern: tasks[longest].pid)) + 1)
    // Who retires is the last task, and never the one that has rested longest; the memo does not depend on it.
    if lastTask.slot == longest { lastTask.slot = .max }
    tasks.remove(longest)
  }

  mutating func markClear(_ slot: UInt32) {
    guard !tasks[slot].isClear else { return }
    tasks[slot].isClear = true
    clearTasks.set(UInt64(UInt32(bitPattern: tasks[slot].pid)) + 1, to: 0)
  }

  /// A task that is at work in an mm which was made within the recording has begun within it all that it is in.
  mutating func clarify(_ slot: UInt32, by mm: KernelAddress) {
    guard !tasks[slot].isClear, tasks[slot].operations.isEmpty else { return }
    if knownMMs[mm.raw] != nil || forkedMMs[mm.raw] != nil { markClear(slot) }
  }
}
