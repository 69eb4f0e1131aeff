import RmapEvents
import Vocabulary

/// Events as the writer lays them out: every field of the vocabulary's declarations, as 64 bits.
///
/// Those of level `pages`, as kernels from 6.7 on have them, with one offset a VMA or, from 7.3 on, two.
struct EventRecords {
  /// The events in the order of their numbers, from ``firstID`` on.
  let names: [EventName]
  private let fields: [EventName: [FieldName]]
  private let places: [EventName: Int]
  /// How far the root of its tree lies in an anon_vma; 0 on kernels that name the anon_vma itself (7.3 on).
  private let treeOffset: UInt64
  /// That of the kernel that is written of. The events are those of a model with pages of 4 KiB.
  private let pageSize: PageSize

  static let firstID = 1000

  private typealias Values = [(FieldName, UInt64)]

  /// The address of a `vm_operations_struct`.
  private static let someOperations: UInt64 = 0xffff_ffff_8200_0000

  init(hasAnonPgoff: Bool = false, treeOffset: UInt64 = 0x50, pageSize: PageSize = .small, isMarked: Bool = true) {
    self.treeOffset = treeOffset
    self.pageSize = pageSize
    names = EventDeclaration.all.filter { $0.level <= .pages }.map(\.name)
    places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
    let marks = Set(PageSize.all.filter { !isMarked || $0 != pageSize }.map(\.mark) + [.unitHuge])
    let newer = Set(VMAFieldNames.vma.optional + VMAFieldNames.source.optional + [.cloneOperation])
    fields = Dictionary(
      uniqueKeysWithValues: names.map { name in
        // The marks of other page sizes, and of kernels on which hugetlbfs counts huge pages, are other dialects'.
        let all = name.declaration.fields.map(\.name).filter { !marks.contains($0) }
        return (name, hasAnonPgoff ? all : all.filter { !newer.contains($0) })
      })
  }

  /// The fields of an event, in the order of the record.
  func fields(of name: EventName) -> [FieldName] { fields[name] ?? [] }

  /// The number and the fields' values of an event; nil for what a recording of level `pages` does not hold.
  func words(_ event: RmapEvent) -> (id: UInt16, words: [UInt64])? {
    guard let (name, values) = layOut(event), let place = places[name] else { return nil }
    let words = fields(of: name).map { field in
      guard let value = values.first(where: { $0.0 == field }) else {
        preconditionFailure("\(name.rawValue) has no value for \(field.rawValue)")
      }
      return value.1
    }
    return (UInt16(Self.firstID + place), words)
  }

  private func layOut(_ event: RmapEvent) -> (EventName, Values)? {
    switch event {
    case .insert(let update): (.avcInsert, tree(update))
    case .remove(let update): (.avcRemove, tree(update))
    case .put(let put):
      (
        .put,
        [
          (.anonVMA, put.anonVMA.raw), (.root, put.root.raw), (.parent, put.parent?.raw ?? put.root.raw),
          (.treeNode, put.treeIsEmpty ? 0 : 1), (.refcount, word(put.refcount)),
          (.rootRefcount, word(put.rootRefcount)), (.children, put.children ?? 0), (.active, put.active ?? 0),
        ]
      )
    case .vmaFree(let free): (.vmaFree, [(.vma, free.vma.raw), (.vmMM, free.mm.raw), (.vmAnon, free.anonVMA.raw)])
    case .enter(let entry): layOut(entry)
    case .leave(let result): layOut(result)
    case .folio(let event): (name(event), folio(event))
    case .hugetlbUnmap(let unmap):
      (
        .hugetlbUnmap,
        view(unmap.vma) + [(.address, bytes(unmap.start)), (.end, bytes(unmap.end)), (.refcount, unmap.only.raw)]
      )
    case .walk: nil
    }
  }

  private func layOut(_ entry: OperationEntry) -> (EventName, Values)? {
    guard let name = names.first(where: { $0.declaration.role == .entry && $0.declaration.kinds == [entry.kind] })
    else { return nil }
    let operations = entry.isPlainAnonymous ?? true ? 0 : Self.someOperations
    return (
      name,
      view(entry.vma) + view(entry.source, .source) + [
        (.address, bytes(entry.address)), (.sourceAddress, bytes(entry.sourceAddress)),
        (.length, bytes(UserAddress(entry.length))),
        (.mm, entry.mm.raw), (.locks, entry.takesRmapLocks ?? false ? 1 : 0),
        (.cloneOperation, 0), (.mmapLock, entry.mmapLockCount ?? 0x100), (.vmOperations, operations), (.vmFile, 0),
      ]
    )
  }

  private func layOut(_ result: OperationReturn) -> (EventName, Values)? {
    let isLength = result.kind == .moveTables && !result.failed
    let value = isLength ? bytes(UserAddress(UInt64(result.value))) : UInt64(bitPattern: result.value)
    let isReturn = { (name: EventName) in name.declaration.role == .exit || name == .vmaAllocReturn }
    let name = names.first { isReturn($0) && $0.declaration.kinds == [result.kind] }
    return name.map { ($0, [(.result, value), (.vma, value)]) }
  }

  private func name(_ event: FolioEvent) -> EventName {
    switch event.step {
    case .new where event.isHugetlb: event.isAfter ? .hugetlbNew : .hugetlbNewEntry
    case .add where event.isHugetlb: .hugetlbAdd
    case .new: event.isAfter ? .folioNew : .folioNewEntry
    case .add: event.isPMD ? .folioAddPMD : .folioAdd
    case .remove: event.isPMD ? .folioRemovePMD : .folioRemove
    case .move: event.isAfter ? .folioMove : .folioMoveEntry
    case .seen: .lruAdd
    }
  }

  private func folio(_ event: FolioEvent) -> Values {
    let pageSize: UInt64 = 64
    // A folio's size is read where it is new, and is then what is mapped.
    let size = event.isLarge ? UInt64(event.step == .new ? event.pages : self.pageSize.perPMD) : 1
    return view(event.vma) + [
      (.folio, event.folio.raw), (.mapping, event.mapping.raw), (.index, event.index.raw),
      (.large, event.isLarge ? 1 : 0), (.folioPages, size), (.pageSize, pageSize),
      (.page, event.folio.raw + UInt64(event.subpage) * pageSize), (.pages, UInt64(event.pages)),
      (.address, event.address.map(bytes) ?? 0), (.rmapFlags, event.isExclusive ? 1 : 0),
      (.exclusive, event.isPageExclusive ?? false ? 1 : 0), (.unitPage, 1),
    ]
  }

  private func tree(_ update: TreeUpdate) -> Values {
    return view(update.vma) + [
      (.avc, update.avc.raw), (.tree, update.treeOwner.raw + treeOffset), (.treeOffset, treeOffset),
      (.anonVMA, update.anonVMA.raw), (.root, update.root.raw), (.rootOfRoot, update.rootOfRoot.raw),
      (.parent, update.parent.raw), (.refcount, word(update.refcount)), (.rootRefcount, word(update.rootRefcount)),
      (.children, update.children ?? 0), (.active, update.active ?? 0), (.treeNode, update.treeIsEmpty ? 0 : 1),
      (.lock, update.lock?.count ?? 0), (.lockPID, word(update.lock?.ownerPID ?? 0)),
      (.vmProtection, update.protection ?? 0), (pageSize.mark, 1),
    ]
  }

  private func view(_ view: VMAView, _ names: VMAFieldNames = .vma) -> Values {
    [
      (names.address, view.address.raw), (names.start, bytes(view.start)), (names.end, bytes(view.end)),
      (names.mm, view.mm.raw), (names.flags, view.flags.rawValue), (names.anonVMA, view.anonVMA.raw),
      (names.pgoff, view.vmPgoff.raw), (names.anonPgoffLow, view.anonPgoff.raw & 0xffff_ffff),
      (names.anonPgoffHigh, view.anonPgoff.raw >> 32),
    ]
  }

  /// Where the page of an address lies on the kernel that is written of.
  private func bytes(_ address: UserAddress) -> UInt64 { address.raw << (pageSize.shift - PageSize.small.shift) }

  private func word(_ number: Int32) -> UInt64 { UInt64(bitPattern: Int64(number)) }
}
