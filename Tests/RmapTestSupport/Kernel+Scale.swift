/// Lives of many processes, for recordings that are large in one way.
extension Kernel {
  /// Hands over what has been recorded so far, and forgets it.
  public func takeSteps(_ body: (History.Step) -> Void) {
    for step in steps { body(step) }
    steps.removeAll(keepingCapacity: true)
  }

  /// A process forks `children` that stay; each writes a page. Then all exit. `each` is called now and then.
  public func serveForks(_ children: Int, each: () -> Void) {
    mmap("server.V", 64..<72)
    write("server.V", 64)
    write("server.V", 65)
    for child in 1...children {
      fork("server", "c\(child)")
      write("c\(child).V", 64)
      each()
    }
    // The server writes and changes its VMA while all its children stand in its tree.
    for page in UInt64(64)..<72 { write("server.V", page) }
    split("server.V", at: 68, "server.W")
    merge("server.V", "server.W")
    for child in 1...children {
      exit("c\(child)")
      each()
    }
    exit("server")
  }

  /// A process forks one that forks one, and so on; each writes a page. Then all exit, the oldest first.
  public func descend(_ depth: Int, each: () -> Void) {
    mmap("d0.V", 64..<72)
    write("d0.V", 64)
    for level in 1...depth {
      fork("d\(level - 1)", "d\(level)")
      write("d\(level).V", 64 + UInt64(level % 8))
      each()
    }
    for level in 0...depth {
      exit("d\(level)")
      each()
    }
  }
}
