public import Checking
import Invariants
public import Pictures
import RmapEvents

/// A picture for programs. Its `schema` names the form; fields are only ever added to it.
public enum PictureJSON {
  /// The form's name.
  public static let schema = "rmapcheck-show/1"

  static func render(
    _ drawn: DrawnEvent, _ picture: EventPicture, _ result: RecordingResult, _ options: ReportOptions
  ) -> String {
    JSONReport.encode(document(drawn, picture, result, options))
  }

  /// What is encoded. Its fields are what Pictures.md has a table of, and the JSON Schema beside it.
  public static func document(
    _ drawn: DrawnEvent, _ picture: EventPicture, _ result: RecordingResult, _ options: ReportOptions
  ) -> some Encodable {
    Document(drawn, picture, result, options)
  }

  private struct Document: Encodable {
    let schema = PictureJSON.schema
    let tool: String
    let path: String
    let event: Event
    let finding: Finding?
    let before: Graph
    let after: Graph

    init(_ drawn: DrawnEvent, _ picture: EventPicture, _ result: RecordingResult, _ options: ReportOptions) {
      tool = "\(Tool.name) \(options.tool.fullVersion)"
      path = result.path
      event = Event(picture, result)
      finding = drawn.finding.map { Finding(invariant: picture.focus.accusation?.invariant ?? "", what: $0.what) }
      before = Graph(picture.before)
      after = Graph(picture.after)
    }
  }

  private struct Finding: Encodable {
    let invariant: String
    let what: String
  }

  private struct Event: Encodable {
    let number: UInt64
    let nanoseconds: UInt64
    let cpu: UInt16
    let pid: Int32
    let function: String
    let returned: Int64?
    let operation: String?
    let operationEvent: UInt64?
    let isAlone: Bool

    init(_ picture: EventPicture, _ result: RecordingResult) {
      number = picture.stamp.ordinal
      nanoseconds = picture.stamp.timestamp
      cpu = picture.stamp.cpu
      pid = picture.stamp.pid
      function = result.functions[picture.step.kind]
      returned = picture.step.returned
      operation = picture.operation.map { result.functions[$0.kind] }
      operationEvent = picture.operation?.stamp.ordinal
      isAlone = picture.isAlone
    }
  }

  private struct Graph: Encodable {
    let vmas: [VMA]
    let anonVMAs: [AnonVMA]
    let avcs: [AVC]
    let folios: [Folio]
    let vmasLeftOut: Int
    let anonVMAsLeftOut: Int

    init(_ shown: GraphPicture) {
      vmas = shown.vmas.map(VMA.init)
      anonVMAs = shown.anonVMAs.map(AnonVMA.init)
      avcs = shown.edges.map { AVC($0, shown) }
      folios = shown.folios.map { Folio($0, shown) }
      vmasLeftOut = shown.vmasLeftOut
      anonVMAsLeftOut = shown.anonVMAsLeftOut
    }
  }

  private struct VMA: Encodable {
    let name: String
    let address: String
    let mm: String
    let start: String
    let end: String
    let flags: String
    let vmPgoff: String
    let anonPgoff: String
    let anonVMA: String?
    let mappedPages: Int
    let born: UInt64?
    let isWrong: Bool

    init(_ node: GraphPicture.VMANode) {
      name = node.name
      address = "\(node.view.address)"
      mm = "\(node.view.mm)"
      start = "\(node.view.start)"
      end = "\(node.view.end)"
      flags = "0x" + hexadecimal(node.view.flags.rawValue)
      vmPgoff = "\(node.view.vmPgoff)"
      anonPgoff = "\(node.view.anonPgoff)"
      anonVMA = node.view.anonVMA.isNull ? nil : "\(node.view.anonVMA)"
      mappedPages = node.mappedPages
      born = node.birth.isRecorded ? node.birth.ordinal : nil
      isWrong = node.isWrong
    }
  }

  private struct AnonVMA: Encodable {
    let name: String
    let address: String
    let root: String?
    let parent: String?
    let numChildren: Int64?
    let numActiveVMAs: Int64?
    let linked: Int?
    let mappedPages: Int?
    let born: UInt64?
    let isAlive: Bool
    let isWrong: Bool

    init(_ node: GraphPicture.AnonVMANode) {
      name = node.name
      address = "\(node.address)"
      root = node.state.map { "\($0.root)" }
      parent = node.state.map { "\($0.parent)" }
      numChildren = node.state?.children
      numActiveVMAs = node.state?.active
      linked = node.state?.linked
      mappedPages = node.state?.mappedPages
      born = node.state.flatMap { $0.birth.isRecorded ? $0.birth.ordinal : nil }
      isAlive = node.state != nil
      isWrong = node.isWrong
    }
  }

  private struct AVC: Encodable {
    let vma: String
    let anonVMA: String
    let address: String?
    let state: String
    let isOwn: Bool
    let event: UInt64?
    let isWrong: Bool

    init(_ edge: GraphPicture.AVCEdge, _ shown: GraphPicture) {
      vma = shown.vmas[edge.vma].name
      anonVMA = shown.anonVMAs[edge.anonVMA].name
      address = edge.avc.map { "\($0)" }
      state = edge.state.rawValue
      isOwn = edge.isOwn
      event = edge.stamp.flatMap { $0.isRecorded ? $0.ordinal : nil }
      isWrong = edge.isWrong || edge.state == .missing
    }
  }

  private struct Folio: Encodable {
    let name: String
    let address: String
    let index: String
    let mapping: String
    let anonVMA: String?
    let mappedBy: [Place]
    let isWrong: Bool

    init(_ node: GraphPicture.FolioNode, _ shown: GraphPicture) {
      name = node.name
      address = "\(node.address)"
      index = "\(node.index)"
      mapping = "0x" + hexadecimal(node.mapping.raw)
      anonVMA = node.anonVMA.map { shown.anonVMAs[$0].name }
      mappedBy = node.mappedBy.map { Place(vma: shown.vmas[$0.vma].name, address: "\($0.address)") }
      isWrong = node.isWrong
    }
  }

  private struct Place: Encodable {
    let vma: String
    let address: String
  }
}
