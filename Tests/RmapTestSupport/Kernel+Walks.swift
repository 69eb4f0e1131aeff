import RmapEvents

/// The kernel's own rmap walks.
extension Kernel {
  /// folio_referenced looks for a page, by kswapd, without the folio's lock.
  public func look(for name: String, _ page: UInt64) {
    guard let folio = vma(name).mm.tables[page]?.folio else { return }
    visitor = "kswapd"
    walk(for: folio, .referenced) { _, _ in }
    visitor = nil
  }

  /// rmap_walk_anon: calls `body` wherever the folio is mapped.
  func walk(
    for folio: Folio, _ purpose: WalkVisit.Purpose, replacing old: Folio? = nil,
    _ body: (VMA, UInt64) -> Void
  ) {
    let places = mappings(of: folio)
    guard recordsWalks, let owner = anonVMA(at: folio.mapping.anonVMA) else {
      for (vma, page) in places { body(vma, page) }
      return
    }
    let endsWhenUnmapped = purpose == .unmap || purpose == .migrate
    let anonVMA = owner.root !== owner && fires(.walkTakesRoot) ? owner.root : owner
    tell(.begin(frame(folio, purpose, endsWhenUnmapped: endsWhenUnmapped)))
    let (index, lock) = (PgOff(folio.index), LockView(count: fires(.walkLocksNothing) ? 0 : 0x100, ownerPID: 0))
    tell(
      .first(
        WalkStart(
          anonVMA: anonVMA.address, root: anonVMA.root.address, first: index, last: index,
          lock: lock)))
    var found = inOrder(anonVMA, index.raw)
    if found.count > 1, fires(.walkLeavesOut) { found.removeLast() }
    for avc in found {
      tell(.found(avc.address))
      if avc !== found.first, fires(.walkLooksAway) {
        tell(
          .next(
            WalkStep(
              node: avc.address, root: anonVMA.root.address, first: index, last: index, lock: lock)))
        continue
      }
      let page = avc.vma.pages.lowerBound &+ index.raw &- avc.vma.pgoff
      visit(folio, purpose, old, avc.vma, page)
      if places.contains(where: { $0.vma === avc.vma && $0.page == page }) { body(avc.vma, page) }
      tell(.visited(goesOn: true))
      if endsWhenUnmapped, folio.mapcount == 0 || fires(.walkStopsEarly) { return tell(.end) }
      tell(
        .next(
          WalkStep(
            node: avc.address, root: anonVMA.root.address, first: index, last: index, lock: lock)))
    }
    tell(.found(.null))
    tell(.end)
  }

  /// kswapd reclaims a page of KSM (mm/ksm.c:rmap_walk_ksm): one walk through a tree for each rmap_item, in the order of
  /// the stable node's list, and try_to_unmap_one unmaps what is at the item's address.
  public func swapOutMerged(_ name: String, inOrder pages: [UInt64]) {
    let vma = vma(name)
    guard let folio = vma.mm.tables[pages[0]]?.folio, let own = vma.chain.first else { return }
    visitor = "kswapd"
    var frame = frame(folio, .unmap, endsWhenUnmapped: true)
    frame.isKSM = true
    let (root, lock) = (own.anonVMA.root.address, LockView(count: 0x100, ownerPID: 0))
    let (first, last) = (PgOff(0), PgOff(.max))
    tell(.begin(frame))
    for page in pages {
      guard let mapping = vma.mm.tables.removeValue(forKey: page) else { continue }
      tell(.first(WalkStart(anonVMA: own.anonVMA.address, root: root, first: first, last: last, lock: lock)))
      tell(.found(own.address))
      visit(folio, .unmap, nil, vma, page)
      tell(.remove, mapping, vma, page)
      vma.mm.swapped[page] = Swap()
      folio.mapcount -= 1
      tell(.visited(goesOn: true))
      if folio.mapcount == 0 { break }
      tell(.next(WalkStep(node: own.address, root: root, first: first, last: last, lock: lock)))
      tell(.found(.null))
    }
    tell(.end)
    visitor = nil
  }

  private func frame(
    _ folio: Folio, _ purpose: WalkVisit.Purpose, endsWhenUnmapped: Bool
  ) -> WalkFrame {
    WalkFrame(
      folio: folio.address, mapping: folio.mapping, index: PgOff(folio.index), pages: 1,
      callback: KernelAddress(0xffff_ffff_8100_0000 + UInt64(purpose.rawValue)),
      endsWhenUnmapped: endsWhenUnmapped, hasOwnLocking: purpose != .restore, passesOver: false)
  }

  private func visit(
    _ folio: Folio, _ purpose: WalkVisit.Purpose, _ old: Folio?, _ vma: VMA, _ page: UInt64
  ) {
    let migration = old.map {
      WalkVisit.Migration(
        source: $0.address, sourceMapping: $0.mapping, sourceIndex: PgOff($0.index),
        mapping: folio.mapping, index: PgOff(folio.index))
    }
    tell(
      .visit(
        WalkVisit(
          purpose: purpose, folio: folio.address, vma: vma.address,
          address: UserAddress(page << 12), migration: migration)))
  }

  /// The AVCs that overlap an offset, by the start of their keys; equal ones as they were inserted.
  private func inOrder(_ anonVMA: AnonVMA, _ index: UInt64) -> [AVC] {
    anonVMA.tree.enumerated()
      .filter { $0.element.vma.pgoff <= index && index - $0.element.vma.pgoff < $0.element.vma.pages.count }
      .sorted { ($0.element.vma.pgoff, $0.offset) < ($1.element.vma.pgoff, $1.offset) }
      .map(\.element)
  }

  func anonVMA(at address: KernelAddress) -> AnonVMA? {
    let all = mms.values.lazy.flatMap(\.vmas).flatMap(\.chain)
    return all.first { $0.anonVMA.address == address }?.anonVMA
  }

  private func tell(_ event: WalkEvent) { emit(.walk(event), by: "kswapd") }
}
