import RmapEvents

/// Tasks and the operations that they are in.
struct Work: ~Copyable {
  var tasks = Slab<Task>()
  var taskOf = SlotMap()
  /// The task that was looked for last, and its slot: the next event is mostly of the same.
  var lastTask = (pid: Int32(-1), slot: UInt32.max)
  var resting = RestingTasks()
  /// How many AVCs are out of their trees for a range change, of all tasks.
  var parkedAVCs = 0
  /// Tasks seen outside of any operation since the recording, or the last gap in it, began. Any other task may
  /// be in the middle of an operation whose entry was not recorded. Bounded by the kernel's `pid_max`.
  var clearTasks = SlotMap()
  /// The VMA whose AVCs a task last put back into their trees after a range change, by task.
  var relinkedBy = SlotMap()
}

/// Which tasks are known, and for how long.
extension Work {
  /// The slot of a task, a new one if it is not known.
  @inline(__always) mutating func task(_ pid: Int32) -> UInt32 {
    if lastTask.pid == pid, lastTask.slot != .max { return lastTask.slot }
    let slot = findTask(pid)
    lastTask = (pid, slot)
    return slot
  }

  private mutating func findTask(_ pid: Int32) -> UInt32 {
    let key = taskKey(pid)
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
    taskOf.remove(taskKey(tasks[longest].pid))
    // Who retires is the last task, and never the one that has rested longest; the memo does not depend on it.
    if lastTask.slot == longest { lastTask.slot = .max }
    tasks.remove(longest)
  }

  mutating func markClear(_ slot: UInt32) {
    guard !tasks[slot].isClear else { return }
    tasks[slot].isClear = true
    clearTasks.set(taskKey(tasks[slot].pid), to: 0)
  }
}

extension RmapGraph {
  /// A task that is at work in an mm which was made within the recording has begun within it all that it is in.
  mutating func clarify(_ slot: UInt32, by mm: KernelAddress) {
    guard !work.tasks[slot].isClear, work.tasks[slot].operations.isEmpty else { return }
    if mms.known[mm.raw] != nil || mms.forked[mm.raw] != nil { work.markClear(slot) }
  }
}

/// A task's key in the maps of what tasks do: a ``SlotMap``'s key is not 0, and a pid may be.
@inline(__always) func taskKey(_ pid: Int32) -> UInt64 { UInt64(UInt32(bitPattern: pid)) + 1 }
