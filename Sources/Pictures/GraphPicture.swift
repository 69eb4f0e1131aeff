// Pictures: what the graph holds around one event, as a value that can be drawn.
//
// One idea: a picture adds nothing to the graph. It is taken from the checker's own graph while that is replayed, so what
// it shows is what the judge had before it; everything behind it (text, DOT, JSON, SVG) is a function of the value.
//
//   Focus         what a picture is about: the objects of a finding or of an event, with the letters that they have there
//   GraphPicture  VMAs, AVCs, anon_vmas and folios around them, at one moment; what is missing or wrong is marked
//   Strip         the address space of one mm around a VMA, before and after: as kernel developers draw a merge by hand
//   EventPicture  both moments of one event and its strips, with one name for each object in all of them
//   Life          what events say of one object, one by one
//
// The text form is the graph's own shape: a VMA's chain is a line from left to right, an anon_vma's tree one from top to
// bottom, and an AVC, which is a member of both lists, is where they cross.
//
// A new form is one file beside PictureText; a rule whose findings accuse something new is a line in Accusation.

public import RmapEvents

/// The graph around a focus at one moment.
public struct GraphPicture: Sendable, Equatable {
  /// Before or after the event.
  public enum Moment: String, Sendable { case before, after }

  /// A VMA.
  public struct VMANode: Sendable, Equatable {
    /// What it is called: the letter that a finding gives it, or `v1`.
    public var name = ""
    /// How the graph has it.
    public let view: VMAView
    /// The event that made it, or `.beforeRecording`.
    public let birth: EventStamp
    /// How many pages it maps, as far as the recording shows.
    public let mappedPages: Int
    /// How far it is from what the picture is about: 0 for the objects of the finding.
    public let distance: Int
    /// Whether it is what is wrong.
    public var isWrong = false
  }

  /// An anon_vma.
  public struct AnonVMANode: Sendable, Equatable {
    /// What it is called: the letter that a finding gives it, or `a1`.
    public var name = ""
    /// Its address.
    public let address: KernelAddress
    /// What the graph knows of it; nil if it is not there: it was freed, or never seen.
    public let state: State?
    /// Whether one was freed at this address, which has not been used again.
    public let wasFreed: Bool
    /// How far it is from what the picture is about.
    public let distance: Int
    /// Whether it is what is wrong.
    public var isWrong = false

    /// The fields of a living anon_vma.
    public struct State: Sendable, Equatable {
      /// `->root`.
      public let root: KernelAddress
      /// `->parent`.
      public let parent: KernelAddress
      /// `num_children` by the kernel's rules; nil while unknown.
      public let children: Int64?
      /// `num_active_vmas` likewise.
      public let active: Int64?
      /// The event that made it, or `.beforeRecording`.
      public let birth: EventStamp
      /// How many AVCs are in its tree.
      public let linked: Int
      /// How many mapped pages have a `folio->mapping` that points here.
      public let mappedPages: Int
    }
  }

  /// Where a VMA's chain and an anon_vma's tree cross.
  public struct AVCEdge: Sendable, Equatable {
    /// How it stands.
    public enum State: String, Sendable {
      /// An AVC, in the tree.
      case linked
      /// An AVC that is out of its tree while its VMA's range changes.
      case parked
      /// There ought to be an AVC, and there is none.
      case missing
    }

    /// The VMA, as an index.
    public let vma: Int
    /// The anon_vma, as an index.
    public let anonVMA: Int
    /// The AVC; nil where it is missing.
    public let avc: KernelAddress?
    /// How it stands.
    public let state: State
    /// Whether `vma->anon_vma` is this anon_vma.
    public let isOwn: Bool
    /// The event that linked it, or took it out.
    public let stamp: EventStamp?
    /// Whether it is there and is what is wrong.
    public var isWrong = false
  }

  /// A mapped folio.
  public struct FolioNode: Sendable, Equatable {
    /// What it is called.
    public var name = ""
    /// The head page's address.
    public let address: KernelAddress
    /// `folio->index`.
    public let index: PgOff
    /// The anon_vma that `folio->mapping` points to, as an index; nil for KSM and for what is not shown.
    public let anonVMA: Int?
    /// `folio->mapping`.
    public let mapping: FolioMapping
    /// Which of the picture's VMAs map it, and where.
    public let mappedBy: [Place]
    /// Whether it is what is wrong.
    public var isWrong = false

    /// One place at which a folio is mapped.
    public struct Place: Sendable, Equatable {
      /// The VMA, as an index.
      public let vma: Int
      /// Where its first page that is mapped there is.
      public let address: UserAddress
    }
  }

  /// Before or after the event.
  public let moment: Moment
  /// VMAs, by mm and then upwards.
  public var vmas: [VMANode]
  /// anon_vmas, in the order of their births.
  public var anonVMAs: [AnonVMANode]
  /// Memberships of the one in the others.
  public var edges: [AVCEdge]
  /// The folios that the picture is about.
  public var folios: [FolioNode]
  /// How many VMAs in the shown trees are left out.
  public let vmasLeftOut: Int
  /// How many anon_vmas of the shown VMAs are left out.
  public let anonVMAsLeftOut: Int

  /// The mms of its VMAs, in their order.
  public var mms: [KernelAddress] {
    vmas.reduce(into: []) { mms, vma in if mms.last != vma.view.mm { mms.append(vma.view.mm) } }
  }

  /// The edge where a VMA and an anon_vma cross.
  public func edge(_ vma: Int, _ anonVMA: Int) -> AVCEdge? {
    edges.first { $0.vma == vma && $0.anonVMA == anonVMA }
  }

  /// Whether there is nothing to be drawn.
  public var isEmpty: Bool { vmas.isEmpty && anonVMAs.isEmpty && folios.isEmpty }
}

/// How large a picture may be: the rest is counted.
public struct PictureLimit: Sendable {
  /// Most VMAs.
  public let vmas: Int
  /// Most anon_vmas.
  public let anonVMAs: Int

  /// Memberwise.
  public init(vmas: Int, anonVMAs: Int) {
    self.vmas = vmas
    self.anonVMAs = anonVMAs
  }

  /// What one looks at for its own sake.
  public static let standard = PictureLimit(vmas: 40, anonVMAs: 16)
}
