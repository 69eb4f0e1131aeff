/// The workloads of the debate of 2026.
extension Scenario {
  /// Those that a design breaks on, or was said to.
  static let misses: [Scenario] = [
    Scenario(
      "child-reads", "A fork, after which the parent writes and the child only reads: the commonest there is.",
      historic: [.cowPrototype], write: childReads),
    Scenario(
      "moved-page", "A process moves memory that it has to itself, and a walk follows.",
      historic: [.cowPrototype, .lazyNaive], write: movedPage),
    Scenario(
      "child-swaps-in", "A fork, after which the shared page is swapped out and the child maps it first.",
      historic: [.cowPrototype], write: childSwapsIn),
    Scenario(
      "parent-exits", "Of two children the younger unmaps what they share, and the parent exits.",
      historic: [.cowPrototype], write: parentExits),
    Scenario(
      "split-folio", "A VMA is split under a large folio; a walk for the folio follows.", write: splitFolio),
    Scenario(
      "cached-fork", "A page is in the swap cache while its process forks; the child maps it.", write: cachedFork),
    Scenario(
      "cached-move", "A page is in the swap cache while its process moves the memory, and is mapped again.",
      historic: [.lazyNaive, .cowPrototype], write: cachedMove),
  ]

  /// Those that the designs' costs are argued with.
  static let costs2026: [Scenario] = [
    Scenario(
      "kept-one", "A parent maps N VMAs and forks N children; child k keeps VMA k only (wangtao, 31 May 2026).",
      parameter: ("children", 100, 1000), write: keptOne),
    Scenario(
      "generations", "Each of N children forks N, and each of these N again; all live (wangtao, 29 May 2026).",
      parameter: ("children of each", 8, 60), write: generations),
    Scenario(
      "moves", "A process moves memory and maps it anew N times, and forks 16 children that write a page.",
      parameter: ("moves", 16, 2000), write: moves),
    Scenario(
      "libraries", "A parent writes to the private data of N libraries and forks 24 children that do the same.",
      parameter: ("libraries", 100, 2000), write: libraries),
    Scenario(
      "never-forks", "A process with N VMAs writes to each and never forks.",
      parameter: ("VMAs", 1000, 100_000), write: neverForks),
    Scenario(
      "forks-once", "A process with N VMAs of 16 pages warms up, and forks one child that reads.",
      parameter: ("VMAs", 1000, 50_000), write: forksOnce),
    Scenario(
      "reading-chain", "A process writes, forks and exits; its child only forks and exits, and so on.",
      parameter: ("levels", 1000, 10000), write: readingChain),
  ]
}

private let memory: Range<UInt64> = 0x1000..<0x1010

private func childReads(_ builder: inout WorkloadBuilder, _: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  builder.write(first, memory.lowerBound..<memory.lowerBound + 2)
  _ = builder.fork(parent)
  builder.write(first, memory.lowerBound..<memory.lowerBound + 1)
  builder.succeed(first, by: first)
}

private func childSwapsIn(_ builder: inout WorkloadBuilder, _: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  builder.write(first, memory.lowerBound..<memory.lowerBound + 1)
  let child = builder.fork(parent)
  let copy = builder.vmas(of: child)[0]
  builder.swapOut(memory.lowerBound, from: [copy, first])
  let page = builder.swapIn(memory.lowerBound, into: copy)
  builder.mapAgain(page, at: memory.lowerBound, in: first)
  builder.succeed(first, by: first)
}

private func parentExits(_ builder: inout WorkloadBuilder, _: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  let page = builder.write(first, memory.lowerBound..<memory.lowerBound + 1)
  _ = builder.fork(parent)
  let younger = builder.fork(parent)
  builder.unmap(builder.vmas(of: younger)[0])
  builder.exit(parent)
  builder.walk(page, count: 1)
}

private func movedPage(_ builder: inout WorkloadBuilder, _: Int) {
  let process = builder.process()
  let first = builder.map(process, memory)
  let page = builder.write(first, memory.lowerBound..<memory.lowerBound + 2)
  _ = builder.move(first, to: 0x2000)
  builder.walk(page, count: 1)
}

private func splitFolio(_ builder: inout WorkloadBuilder, _: Int) {
  let process = builder.process()
  let lower = builder.map(process, memory)
  let folio = builder.write(lower, memory.lowerBound + 4..<memory.lowerBound + 12)
  builder.walk(folio, count: 8)
  let upper = builder.split(lower, at: memory.lowerBound + 8)
  builder.walk(folio, count: 8)
  _ = builder.move(upper, to: 0x2000)
  builder.walk(folio, count: 8)
}

private func cachedFork(_ builder: inout WorkloadBuilder, _: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  let page = builder.write(first, memory.lowerBound..<memory.lowerBound + 1)
  builder.swapOut(memory.lowerBound, from: [first])
  let child = builder.fork(parent)
  builder.mapAgain(page, at: memory.lowerBound, in: builder.vmas(of: child)[0])
  builder.succeed(first, by: first)
}

private func cachedMove(_ builder: inout WorkloadBuilder, _: Int) {
  let process = builder.process()
  let first = builder.map(process, memory)
  let page = builder.write(first, memory.lowerBound..<memory.lowerBound + 1)
  builder.swapOut(memory.lowerBound, from: [first])
  let moved = builder.move(first, to: 0x2000)
  builder.mapAgain(page, at: 0x2000, in: moved)
}

private func keptOne(_ builder: inout WorkloadBuilder, _ count: Int) {
  let parent = builder.process()
  for number in 0..<UInt64(count) {
    let vma = builder.map(parent, 0x1000 + number * 0x20..<0x1010 + number * 0x20)
    builder.write(vma, 0x1000 + number * 0x20..<0x1001 + number * 0x20)
  }
  for number in 0..<count {
    let child = builder.fork(parent)
    for (place, vma) in builder.vmas(of: child).enumerated() where place != number { builder.unmap(vma) }
  }
}

private func generations(_ builder: inout WorkloadBuilder, _ count: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  builder.write(first, memory.lowerBound..<memory.lowerBound + 4)
  var layer = [parent]
  for number in 0..<3 {
    layer = layer.flatMap { process in
      (0..<count).map { _ in
        let child = builder.fork(process)
        let page = memory.lowerBound + UInt64(number)
        builder.write(builder.vmas(of: child)[0], page..<page + 1)
        return child
      }
    }
  }
  builder.succeed(first, by: first)
}

private func moves(_ builder: inout WorkloadBuilder, _ count: Int) {
  let parent = builder.process()
  for number in 0..<UInt64(count) {
    let vma = builder.map(parent, memory)
    builder.write(vma, memory.lowerBound..<memory.lowerBound + 4)
    _ = builder.move(vma, to: 0x10000 + number * 0x20)
  }
  for _ in 0..<16 {
    let child = builder.fork(parent)
    builder.write(builder.vmas(of: child)[0], 0x10000..<0x10001)
  }
}

private func libraries(_ builder: inout WorkloadBuilder, _ count: Int) {
  let parent = builder.process()
  for number in 0..<UInt64(count) {
    let vma = builder.map(parent, 0x1000 + number * 0x20..<0x1010 + number * 0x20, offset: 0x30)
    builder.write(vma, 0x1000 + number * 0x20..<0x1002 + number * 0x20)
  }
  for _ in 0..<24 {
    let child = builder.fork(parent)
    for (number, vma) in builder.vmas(of: child).enumerated() where number % 4 == 0 {
      let place = 0x1000 + UInt64(number) * 0x20
      builder.write(vma, place..<place + 1)
    }
  }
}

private func neverForks(_ builder: inout WorkloadBuilder, _ count: Int) {
  let process = builder.process()
  for number in 0..<UInt64(count) {
    let vma = builder.map(process, 0x1000 + number * 0x20..<0x1010 + number * 0x20)
    builder.write(vma, 0x1000 + number * 0x20..<0x1004 + number * 0x20)
  }
}

private func forksOnce(_ builder: inout WorkloadBuilder, _ count: Int) {
  let process = builder.process()
  for number in 0..<UInt64(count) {
    let pages = 0x1000 + number * 0x20..<0x1010 + number * 0x20
    let vma = builder.map(process, pages)
    builder.write(vma, pages)
  }
  _ = builder.fork(process)
}

private func readingChain(_ builder: inout WorkloadBuilder, _ levels: Int) {
  var process = builder.process()
  let first = builder.map(process, memory)
  builder.write(first, memory.lowerBound..<memory.lowerBound + 1)
  for _ in 0..<levels {
    let child = builder.fork(process)
    builder.exit(process)
    process = child
  }
  builder.succeed(first, by: builder.vmas(of: process)[0])
}
