public import RmapEvents

/// The words for a contradiction, for reports; nothing of this is made before one is written.
extension Contradiction {
  /// What contradicts itself: `vm_start of vma 0x… was 0x1000 at event 12, is 0x2000`. `name` names the functions of the
  /// recorded kernel.
  public func text(_ name: FunctionNames = FunctionNames()) -> String {
    let subject = "\(field.name) of \(object.text(name))"
    switch (now, was, since) {
    case (.missing, _, let since?): return "\(subject) is missing since event \(since): \(kind.meaning)"
    case (.missing, _, nil): return "\(subject) is missing: \(kind.meaning)"
    case (.again, _, let since?): return "\(subject) was at event \(since), and is again: \(kind.meaning)"
    case (.again, _, nil): return "\(subject) was before, and is again: \(kind.meaning)"
    case (_, let was?, let since?): return "\(subject) was \(was.text(name)) at event \(since), is \(now.text(name))"
    case (_, let was?, nil): return "\(subject) is \(now.text(name)), not \(was.text(name))"
    case (_, nil, _): return "\(subject) is \(now.text(name)): \(kind.meaning)"
    }
  }
}

extension Contradiction.Kind {
  /// The kind's name in reports for programs.
  public var word: String {
    switch self {
    case .returnWithoutEntry: "return-without-entry"
    case .vmaBirth: "vma-birth"
    case .vmaDeath: "vma-death"
    case .vmaView: "vma-view"
    case .anonVMADeath: "anon_vma-death"
    case .returnValue: "return-value"
    case .deadMM: "dead-mm"
    case .pageMapping: "page-mapping"
    case .walkStep: "walk-step"
    case .noTask: "no-task"
    case .noLock: "no-lock"
    }
  }

  /// What it means, for people.
  public var meaning: String {
    switch self {
    case .returnWithoutEntry: "a function returns that its task has not entered"
    case .vmaBirth: "a VMA appears without an allocation, or is allocated twice"
    case .vmaDeath: "a VMA is not freed with its mm"
    case .vmaView: "a VMA is not what it was, though nothing has changed it"
    case .anonVMADeath: "an anon_vma is freed twice, or never"
    case .returnValue: "a function returns what it never returns"
    case .deadMM: "an mm is used while it is torn down"
    case .pageMapping: "a page is mapped twice at one place, or unmapped without having been mapped"
    case .noTask: "an event carries an impossible pid"
    case .noLock: "a lock's count has bits that no rwsem has"
    case .walkStep: "the steps of an rmap walk do not follow one another"
    }
  }
}

extension Contradiction.Object {
  /// The object's type and address.
  public func text(_ name: FunctionNames = FunctionNames()) -> String {
    switch self {
    case .vma(let address): "vma \(address)"
    case .anonVMA(let address): "anon_vma \(address)"
    case .mm(let address): "mm \(address)"
    case .folio(let address): "folio \(address)"
    case .callback(let address): "callback \(address)"
    case .task(let pid): "task \(pid)"
    case .function(let kind): name[kind]
    }
  }
}

extension Contradiction.Value {
  /// The value as reports have it.
  public func text(_ name: FunctionNames = FunctionNames()) -> String {
    switch self {
    case .kernel(let address): "\(address)"
    case .user(let address): "\(address)"
    case .pages(let offset): "\(offset)"
    case .word(let word): "0x\(hexadecimal(word))"
    case .number(let number): "\(number)"
    case .function(let kind): name[kind]
    case .callback(let purpose): name[purpose.kind]
    case .missing: "missing"
    case .again: "again"
    }
  }
}
