import Invariants
import RmapEvents
public import RmapGraph

extension GraphPicture {
  /// Takes the picture of a graph as it is.
  public init(
    of graph: borrowing RmapGraph, _ focus: Focus, _ moment: Moment, limit: PictureLimit = .standard
  ) {
    var scene = Scene(focus, limit)
    scene.gather(graph)
    let vmas = scene.chosenVMAs(graph)
    let trees = scene.chosenAnonVMAs(graph)
    let folios = scene.folios.map { FolioNode(graph, $0, vmas, trees) }
    self.init(
      moment: moment, vmas: vmas.map { VMANode(graph, $0) }, anonVMAs: trees.map { AnonVMANode(graph, $0) },
      edges: crossings(graph, vmas, trees, folios, focus), folios: folios,
      vmasLeftOut: scene.vmas.count - vmas.count, anonVMAsLeftOut: scene.anonVMAs.count - trees.count)
    accuse(focus)
  }
}

/// An object that may be drawn, and how far it is from what the picture is about.
private struct Candidate<ID: Hashable>: Hashable {
  let id: ID
  let distance: Int
}

/// What may be drawn.
private struct Scene {
  let focus: Focus
  let limit: PictureLimit
  var vmas: [Candidate<VMAID>] = []
  /// By address: one that was freed can be what the picture is about.
  var anonVMAs: [Candidate<KernelAddress>] = []
  var folios: [FolioID] = []
  private static let foliosShown = 4
  private var seenVMAs: Set<VMAID> = []
  private var seenAnonVMAs: Set<KernelAddress> = []

  init(_ focus: Focus, _ limit: PictureLimit) {
    self.focus = focus
    self.limit = limit
  }

  /// The objects themselves, then the trees that they are in, then who else is in these.
  mutating func gather(_ graph: borrowing RmapGraph) {
    for subject in focus.subjects { take(subject, graph) }
    // After the subjects: one that is a subject itself is as near as that.
    for folio in folios where graph[folio].mapping.isAnonymous { take(graph[folio].mapping.anonVMA, at: 1) }
    for candidate in vmas { takeChain(of: candidate, graph) }
    if let root = focus.root { for id in graph.anonVMAs(under: root) { take(graph[id].address, at: 1) } }
    for candidate in anonVMAs { takeMembers(of: candidate, graph) }
    guard focus.root != nil else { return }
    for candidate in vmas where candidate.distance > 0 { takeChain(of: candidate, graph) }
  }

  private mutating func take(_ subject: Focus.Subject, _ graph: borrowing RmapGraph) {
    let address = subject.address
    let distance = subject.letter == nil ? 1 : 0
    if let vma = graph.vma(at: address) {
      take(vma, at: distance)
    } else if graph.anonVMA(at: address) != nil || graph.wasFreed(anonVMAAt: address) {
      take(address, at: distance)
    } else if let avc = graph.avc(at: address) {
      take(graph[avc].vma, at: distance)
      if graph.lives(graph[avc].anonVMA) { take(graph[graph[avc].anonVMA].address, at: distance) }
    } else if let folio = graph.folio(at: address) {
      if folios.count < Self.foliosShown { folios.append(folio) }
    }
  }

  private mutating func takeChain(of vma: Candidate<VMAID>, _ graph: borrowing RmapGraph) {
    var found: [KernelAddress] = []
    graph.forEachAVC(of: vma.id) { _, avc in
      if graph.lives(avc.anonVMA) { found.append(graph[avc.anonVMA].address) }
      return true
    }
    for address in found { take(address, at: vma.distance + 1) }
    let own = graph[vma.id].view.anonVMA
    if !own.isNull { take(own, at: vma.distance + 1) }
  }

  private mutating func takeMembers(of anonVMA: Candidate<KernelAddress>, _ graph: borrowing RmapGraph) {
    guard let id = graph.anonVMA(at: anonVMA.id) else { return }
    var found = graph.parkedAVCs(of: id).map { graph[$0].vma }
    graph.forEachAVC(in: id) { _, avc in
      found.append(avc.vma)
      return true
    }
    for vma in found { take(vma, at: anonVMA.distance + 2) }
  }

  private mutating func take(_ vma: VMAID, at distance: Int) {
    if seenVMAs.insert(vma).inserted { vmas.append(Candidate(id: vma, distance: distance)) }
  }

  private mutating func take(_ anonVMA: KernelAddress, at distance: Int) {
    if seenAnonVMAs.insert(anonVMA).inserted { anonVMAs.append(Candidate(id: anonVMA, distance: distance)) }
  }

  /// The nearest, by mm and upwards. The mms come in the order in which the picture's objects name them.
  func chosenVMAs(_ graph: borrowing RmapGraph) -> [Candidate<VMAID>] {
    let near = vmas.enumerated().sorted {
      let (left, right) = (graph[$0.element.id].view, graph[$1.element.id].view)
      return ($0.element.distance, left.mm, left.start, left.address)
        < ($1.element.distance, right.mm, right.start, right.address)
    }.prefix(limit.vmas).map(\.element)
    return near.sorted {
      let (left, right) = (graph[$0.id].view, graph[$1.id].view)
      return (left.mm, left.start, left.address) < (right.mm, right.start, right.address)
    }
  }

  func chosenAnonVMAs(_ graph: borrowing RmapGraph) -> [Candidate<KernelAddress>] {
    let near = anonVMAs.sorted { ($0.distance, birth($0.id, graph), $0.id) < ($1.distance, birth($1.id, graph), $1.id) }
    return near.prefix(limit.anonVMAs).sorted { (birth($0.id, graph), $0.id) < (birth($1.id, graph), $1.id) }
  }

  private func birth(_ address: KernelAddress, _ graph: borrowing RmapGraph) -> UInt64 {
    graph.anonVMA(at: address).map { graph[$0].birth.ordinal } ?? 0
  }
}

extension GraphPicture.VMANode {
  fileprivate init(_ graph: borrowing RmapGraph, _ vma: Candidate<VMAID>) {
    view = graph[vma.id].view
    birth = graph[vma.id].birth
    mappedPages = graph.mappedPages(in: vma.id)
    distance = vma.distance
  }
}

extension GraphPicture.AnonVMANode {
  fileprivate init(_ graph: borrowing RmapGraph, _ anonVMA: Candidate<KernelAddress>) {
    address = anonVMA.id
    distance = anonVMA.distance
    wasFreed = graph.wasFreed(anonVMAAt: address)
    guard let id = graph.anonVMA(at: address) else {
      state = nil
      return
    }
    let node = graph[id]
    let isKnown = graph.countersAreKnown(id)
    state = State(
      root: node.root, parent: node.parent, children: isKnown ? node.children : nil,
      active: isKnown ? node.active : nil, birth: node.birth, linked: node.linkedCount, mappedPages: node.mappedPages)
  }
}

extension GraphPicture.FolioNode {
  fileprivate init(
    _ graph: borrowing RmapGraph, _ id: FolioID, _ vmas: [Candidate<VMAID>], _ trees: [Candidate<KernelAddress>]
  ) {
    let folio = graph[id]
    address = folio.address
    index = folio.index
    mapping = folio.mapping
    anonVMA = mapping.isAnonymous ? trees.firstIndex { $0.id == folio.mapping.anonVMA } : nil
    mappedBy = vmas.indices.compactMap { vma in
      graph.mappedAddress(of: id, in: vmas[vma].id).map { Place(vma: vma, address: $0) }
    }
  }
}

private func crossings(
  _ graph: borrowing RmapGraph, _ vmas: [Candidate<VMAID>], _ trees: [Candidate<KernelAddress>],
  _ folios: [GraphPicture.FolioNode], _ focus: Focus
) -> [GraphPicture.AVCEdge] {
  var edges: [GraphPicture.AVCEdge] = []
  for (vma, candidate) in vmas.enumerated() {
    let own = graph[candidate.id].view.anonVMA
    for (tree, anonVMA) in trees.enumerated() {
      let isOwn = own == anonVMA.id
      if let id = graph.membership(of: candidate.id, in: anonVMA.id) {
        let avc = graph[id]
        edges.append(
          .init(
            vma: vma, anonVMA: tree, avc: avc.address, state: avc.isLinked ? .linked : .parked, isOwn: isOwn,
            stamp: avc.stamp))
      } else if isMissing(graph, candidate, anonVMA.id, folios.contains { $0.maps(vma, tree) }, focus) {
        edges.append(.init(vma: vma, anonVMA: tree, avc: nil, state: .missing, isOwn: isOwn, stamp: nil))
      }
    }
  }
  return edges
}

extension GraphPicture.FolioNode {
  /// Whether the VMA maps it, and it points to the anon_vma: then the VMA belongs into that one's tree.
  fileprivate func maps(_ vma: Int, _ anonVMA: Int) -> Bool {
    self.anonVMA == anonVMA && mappedBy.contains { $0.vma == vma }
  }
}

/// Whether a VMA ought to be in a tree in which it is not: it maps a page of it, or has the anon_vma for its own, or a
/// finding says so.
private func isMissing(
  _ graph: borrowing RmapGraph, _ vma: Candidate<VMAID>, _ anonVMA: KernelAddress, _ mapsPage: Bool, _ focus: Focus
) -> Bool {
  guard vma.distance <= 1, graph.openOperations(on: vma.id) == 0 || focus.accusation?.kind == .membership else {
    return false
  }
  // Of a VMA that is older than the recording not all AVCs are known.
  guard graph.chainIsKnown(of: vma.id) else { return false }
  if mapsPage || graph[vma.id].view.anonVMA == anonVMA { return true }
  guard let accusation = focus.accusation, accusation.kind == .membership,
    let letter = focus.letter(graph[vma.id].view.address), letter == accusation.vma,
    focus.subjects.contains(where: { $0.address == anonVMA })
  else { return false }
  if accusation.accused.contains(letter), focus.letter(anonVMA).map(accusation.accused.contains) == true { return true }
  // The other VMA of the finding is in the tree; or the VMA is in that of a child.
  let others = focus.subjects.compactMap { $0.letter == nil || $0.letter == letter ? nil : graph.vma(at: $0.address) }
  if others.contains(where: { graph.membership(of: $0, in: anonVMA) != nil }) { return true }
  var isInChild = false
  graph.forEachAVC(of: vma.id) { _, avc in
    isInChild = graph.lives(avc.anonVMA) && graph[avc.anonVMA].parent == anonVMA
    return !isInChild
  }
  return isInChild
}

extension GraphPicture {
  /// Marks what the finding accuses.
  private mutating func accuse(_ focus: Focus) {
    guard let accusation = focus.accusation else { return }
    let accused = Set(focus.subjects.filter { accusation.accused.contains($0.letter ?? "") }.map(\.address))
    let told = Set(focus.subjects.map(\.address))
    switch accusation.kind {
    case .membership:
      guard !edges.contains(where: { $0.state == .missing }) else { return }
      let strays = edges.indices.filter { index in
        let edge = edges[index]
        guard focus.letter(vmas[edge.vma].view.address) == accusation.vma, told.contains(anonVMAs[edge.anonVMA].address)
        else { return false }
        // The other VMA of the finding is not in that tree.
        return vmas.indices.contains { vma in
          vma != edge.vma && vmas[vma].distance == 0 && self.edge(vma, edge.anonVMA) == nil
        }
      }
      for index in strays { edges[index].isWrong = true }
      if strays.isEmpty { accuseObjects(accused) }
    case .avc:
      let strays = edges.indices.filter { index in
        let edge = edges[index]
        if let avc = edge.avc, accused.contains(avc) { return true }
        return focus.letter(vmas[edge.vma].view.address) == accusation.vma
          && told.contains(anonVMAs[edge.anonVMA].address)
      }
      for index in strays { edges[index].isWrong = true }
      if strays.isEmpty { accuseObjects(accused) }
    case .object: accuseObjects(accused)
    }
  }

  private mutating func accuseObjects(_ accused: Set<KernelAddress>) {
    for index in vmas.indices where accused.contains(vmas[index].view.address) { vmas[index].isWrong = true }
    for index in anonVMAs.indices where accused.contains(anonVMAs[index].address) { anonVMAs[index].isWrong = true }
    for index in folios.indices where accused.contains(folios[index].address) { folios[index].isWrong = true }
  }
}
