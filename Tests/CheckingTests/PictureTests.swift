import Checking
import Foundation
import Invariants
import Pictures
import RecordingFormat
import Reports
import RmapEvents
import RmapGraph
import TestSupport
import Testing
import TraceReading

/// Goal: a picture shows the checker's own graph at an event, and where a rule is broken, the break is marked in it.
@Suite struct PictureTests {
  private static func result(_ name: String, _ drawing: Drawing) -> RecordingResult {
    var check = RecordingCheck()
    check.drawing = drawing
    return check.run(path: "\(tracesFolder)/\(name)/trace.dat")
  }

  private static let faulty = RecordingSearch.recordings(at: tracesFolder)
    .map { $0.dropFirst(tracesFolder.count + 1) }.filter { $0.contains("fault") || $0.contains("cve") }
    .compactMap { $0.split(separator: "/").first.map(String.init) }
    .filter { FileManager.default.fileExists(atPath: "\(tracesFolder)/\($0)/trace.dat") }

  /// Draws the graph in the midst of the judge's situations: what the judge had before it when it saw an event.
  private struct Witness: SelectiveObserver {
    let focus: Focus
    let ordinal: UInt64
    var before: GraphPicture?
    var after: GraphPicture?

    mutating func willInsertAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
      if s.stamp.ordinal == ordinal { before = GraphPicture(of: graph, focus, .before) }
    }
    mutating func willRemoveAVC(_ s: borrowing TreeSituation, in graph: borrowing RmapGraph) {
      if s.stamp.ordinal == ordinal { before = GraphPicture(of: graph, focus, .before) }
    }
    mutating func didPrepareAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {}
    mutating func didEnter(_ s: borrowing EntrySituation, in graph: borrowing RmapGraph) {}
    mutating func didCloneAnonVMAs(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
      if s.stamp.ordinal == ordinal { after = GraphPicture(of: graph, focus, .after) }
    }
    mutating func didForkAnonVMA(_ s: borrowing OperationSituation, in graph: borrowing RmapGraph) {
      if s.stamp.ordinal == ordinal { after = GraphPicture(of: graph, focus, .after) }
    }
    mutating func didSeeForkedAnonVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {}
    mutating func didUnlinkAnonVMAs(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {}
    mutating func willFreeVMA(_ s: borrowing VMASituation, in graph: borrowing RmapGraph) {}
    mutating func willFreeAnonVMA(_ s: borrowing PutSituation, in graph: borrowing RmapGraph) {
      if s.stamp.ordinal == ordinal { before = GraphPicture(of: graph, focus, .before) }
    }
    mutating func didSeeFolio(_ s: borrowing FolioSituation, in graph: borrowing RmapGraph) {}
    mutating func didChangeVMAOfPage(_ s: borrowing PageSituation, in graph: borrowing RmapGraph) {}
  }

  @Test(arguments: [
    ("6.12-fault-drop-avc", "fork-closure"), ("6.12-fault-split-drop-avc", "copy-closure"),
    ("6.12-fault-lost-active", "counters"),
  ])
  func isTheGraphOfTheJudgesSituation(name: String, invariant: String) throws {
    let result = Self.result(name, .findings(64))
    let index = try #require(result.defects.firstIndex { $0.invariant.name == invariant })
    let picture = try #require(result.drawings[index].picture)
    var replay = RmapGraph()
    var witness = Witness(focus: picture.focus, ordinal: picture.stamp.ordinal)
    let file = try TraceFile(path: result.path)
    var reader = StretchReader(try file.records(), Intake(file))
    let stretch = Stretch()
    repeat {
      reader.read(into: stretch)
      replay.apply(stretch.events, 0..<stretch.events.count, observer: &witness)
    } while witness.before == nil && witness.after == nil && stretch.ending.isLast == false
    let seen = try #require(witness.before ?? witness.after)
    let drawn = witness.before == nil ? picture.after : picture.before
    #expect(unnamed(seen) == unnamed(drawn))
    #expect(!seen.vmas.isEmpty)
  }

  @Test(arguments: ["6.12-fault-drop-avc", "6.18.5-cve", "6.12-lossy"])
  func isTakenFromTheGraphThatTheCheckHas(name: String) throws {
    let path = "\(tracesFolder)/\(name)/trace.dat"
    let file = try TraceFile(path: path)
    let sidecar = try Sidecar.beside(path)
    var plain: [UInt64] = []
    var drawn: [UInt64] = []
    let wanted: Set<UInt64> = [600, 1500, 2118, 2500]
    let check = RecordingCheck()
    for isDrawn in [false, true] {
      _ = check.run(file, path: path, sidecar: sidecar) { replay in
        if isDrawn { replay.camera = Camera(wanted.map { Camera.Request($0, Focus()) }) }
        var reader = try? StretchReader(file.records(), Intake(file))
        let stretch = Stretch()
        repeat {
          reader?.read(into: stretch)
          replay.take(stretch)
          let sum = replay.modelFingerprint()
          if isDrawn { drawn.append(sum) } else { plain.append(sum) }
        } while reader != nil && !stretch.ending.isLast
      }
    }
    #expect(plain == drawn && plain.count > 4)
  }

  @Test(arguments: faulty) func aReportsPictureIsSmallAndShowsTheBreak(name: String) throws {
    let result = Self.result(name, .findings(8))
    let first = try #require(result.defects.first)
    for defect in result.defects.prefix(8) {
      let lines = result.smallPicture(of: defect.first)
      #expect(!lines.isEmpty)
      #expect(lines.count <= PictureText.smallLines)
      #expect(lines.allSatisfy { $0.contains { $0 != " " } })
      for line in lines { #expect(line.count <= 80 && line.utf8.allSatisfy { 0x20..<0x7f ~= $0 }, "\(line)") }
    }
    let lines = result.smallPicture(of: first.first)
    #expect(lines.contains { $0.contains("X") || $0.contains("!") || $0.contains("~") }, "\(first.invariant.name)")
  }

  @Test(arguments: faulty) func thePagesDrawingsAreWellFormedAndStripsFit(name: String) throws {
    let result = Self.result(name, .findingsInFull(4))
    let parts = HTMLReport.render([result]).components(separatedBy: "<svg ").dropFirst()
    #expect(!parts.isEmpty)
    for part in parts {
      let end = try #require(part.range(of: "</svg>")).upperBound
      #expect(XMLCounter("<svg " + part[..<end]).isWellFormed)
    }
    for strip in result.drawings.flatMap({ $0.picture?.strips ?? [] }) {
      for line in StripText(strip, result.functions).lines() { #expect(line.count <= 80, "\(line)") }
    }
  }

  @Test func namesTheMissingLink() {
    let result = Self.result("6.12-fault-drop-avc", .event(nil, Focus()))
    let picture = result.drawings.first?.picture
    let missing = picture?.after.edges.filter { $0.state == .missing }
    #expect(missing?.count == 1)
    #expect(missing?.first.map { picture?.after.vmas[$0.vma].name } == "V")
    #expect(picture?.stamp.ordinal == 2117)
  }

  /// The moment that is drawn is that at which the break can be seen: the page points to A, and V is not in A's tree; the AVC
  /// that ought to be gone.
  @Test(arguments: [
    ("6.12-fault-wrong-move", ["After event", " X-", " -> A, mapped by V"]),
    ("7.3-fault-wrong-move", ["After event", " X-", " -> A, mapped by V"]),
    ("6.12-fault-changed-mapping", ["After event", "! F ", " -> A, mapped by"]),
    ("6.12-fault-left-avc", ["Before event", " @!"]),
    ("6.1-fault-newest-mapping", ["! F ", "! page-owner: F points to anon_vma 0xff"]),
  ])
  func showsTheBreakItself(name: String, parts: [String]) throws {
    let result = Self.result(name, .findings(1))
    let lines = result.smallPicture(of: try #require(result.defects.first?.first)).joined(separator: "\n")
    for part in parts { #expect(lines.contains(part), "\(part):\n\(lines)") }
  }

  /// What was at K's address before K was born is not called K.
  @Test func anAddressesEarlierTenantHasNotItsLetter() throws {
    let result = Self.result("6.18.5-cve", .findingsInFull(1))
    let rows = HTMLReport.render([result]).split(separator: "\n").filter { $0.hasPrefix("<tr") }
    func words(_ event: Int) throws -> Substring {
      try #require(rows.first { $0.contains("<td>\(event)</td>") })
    }
    #expect(try words(22422).contains("copy_vma(\u{2026}a4000)"))
    #expect(try words(22437).contains("vm_area_alloc returns K<"))
    #expect(try words(22440).contains("move_page_tables(K)"))
  }

  /// Pictures.md's table and the JSON Schema beside it have every field of the JSON form, and no other.
  @Test func theSchemaHasTheFields() throws {
    var types: [String: Set<String>] = [:]
    for name in ["6.12-fault-drop-avc", "6.12-fault-wrong-move"] {
      let result = Self.result(name, .event(nil, Focus()))
      let drawn = try #require(result.drawings.first)
      SchemaFields.of(
        PictureJSON.document(drawn, try #require(drawn.picture), result, ReportOptions()), into: &types)
    }
    #expect(types.count == 9)
    #expect(try SchemaFields.ofSchema("rmapcheck-show-1") == Set(types.values))
    let article = try String(contentsOfFile: "\(SchemaFields.documents)/Pictures.md", encoding: .utf8)
    for field in types.values.reduce(Set(), { $0.union($1) }) { #expect(article.contains("`\(field)`"), "\(field)") }
  }

  @Test func isTheSameEachTime() {
    let texts = (0..<2).map { _ in
      let result = Self.result("6.12-mm-defects-a", .findings(8))
      return result.defects.prefix(8).flatMap { result.smallPicture(of: $0.first) }
    }
    #expect(texts[0] == texts[1] && texts[0].count > 40)
  }

  /// The event is the first one in the recording; nothing is in the graph yet.
  @Test func anEmptyGraphIsDrawnAsOne() throws {
    let result = Self.result("6.12-healthy", .event(1, Focus()))
    let picture = try #require(result.drawings.first?.picture)
    #expect(picture.before.isEmpty)
    #expect(PictureText(picture, result.functions).full(picture.before).last?.contains("none of these") == true)
  }

  private func unnamed(_ picture: GraphPicture) -> GraphPicture {
    var picture = picture
    for index in picture.vmas.indices { picture.vmas[index].name = "" }
    for index in picture.anonVMAs.indices { picture.anonVMAs[index].name = "" }
    for index in picture.folios.indices { picture.folios[index].name = "" }
    return picture
  }
}
