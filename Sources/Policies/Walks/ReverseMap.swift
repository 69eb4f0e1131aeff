/// A design whose pages lead to their VMAs by something else than a graph of anon_vmas alone: what a page points to, and
/// how a walk goes from there.
///
/// The simulated kernel keeps what all designs have (VMAs and where they lie, page tables, how often a page is mapped), calls
/// these functions as operations happen, and judges after each that walks still find what is mapped (``WalkRule``). A
/// design keeps its own objects; one instance serves one simulation. What does not concern it, it leaves out.
protocol ReverseMap: AnyObject {
  typealias VMA = Policy.VMA

  /// A process begins with an mm that no other was copied to.
  func begin(_ mm: UInt32, in kernel: inout SimulatedKernel)
  /// The first anonymous fault in a VMA (__anon_vma_prepare).
  func firstFault(_ vma: VMA, in kernel: inout SimulatedKernel)
  /// A fork has made a copy of a VMA, in an mm that may be new. Its pages follow one by one.
  func fork(_ child: VMA, from parent: VMA, in kernel: inout SimulatedKernel)
  /// A split or mremap has copied a VMA that was faulted in; the copy lies where it is to lie.
  func copy(_ new: VMA, of original: VMA, in kernel: inout SimulatedKernel)
  /// A VMA that was never faulted in is about to take over the range of one that was.
  func adopt(_ kept: VMA, from removed: VMA, in kernel: inout SimulatedKernel)
  /// The range of a VMA that was faulted in has changed.
  func resized(_ vma: VMA, from old: Workload.Span, in kernel: inout SimulatedKernel)
  /// The boundary between two VMAs that were faulted in has moved: one has got a part of the other.
  func tookPart(_ vma: VMA, of donor: VMA, in kernel: inout SimulatedKernel)
  /// Whether two neighbours may merge, as far as the design's own objects go.
  func mayMerge(_ kept: VMA, _ removed: VMA, in kernel: borrowing SimulatedKernel) -> Bool
  /// A VMA that was faulted in goes away (unlink_anon_vmas).
  func unlink(_ vma: VMA, in kernel: inout SimulatedKernel)
  /// An mm is gone.
  func exit(_ mm: UInt32, in kernel: inout SimulatedKernel)

  /// A page is mapped for the first time; `isShared` if other processes may have it, too (a swap-in).
  func newPage(_ page: UInt32, in vma: VMA, isShared: Bool, _ kernel: inout SimulatedKernel)
  /// A page that was mapped before, and may have been in the swap cache since, is mapped in a VMA.
  func mappedAgain(_ page: UInt32, in vma: VMA, _ kernel: inout SimulatedKernel)
  /// A fork has mapped a page of the parent in the child, too.
  func inherited(_ page: UInt32, by child: VMA, from parent: VMA, _ kernel: inout SimulatedKernel)
  /// mremap moves a page; the result is the page that is to be mapped at the new place.
  func moved(
    _ page: UInt32, from source: VMA, to target: VMA, at place: UInt64, _ kernel: inout SimulatedKernel
  ) -> UInt32
  /// A write fault has found that the page is the process's alone.
  func reused(_ page: UInt32, by vma: VMA, _ kernel: inout SimulatedKernel)
  /// Nobody maps the page, and nobody will again.
  func released(_ page: UInt32, _ kernel: inout SimulatedKernel)

  /// The walk for a folio of these pages.
  func walk(_ folio: Range<UInt32>, _ walk: inout Walk, in kernel: borrowing SimulatedKernel)
  /// Whether the walk for a page comes to this place of this mm, without walking. It must say what ``walk(_:_:in:)`` does.
  func finds(_ page: UInt32, in mm: UInt32, at place: UInt64, _ kernel: borrowing SimulatedKernel) -> Bool
  /// Whether what the page points to was freed.
  func isDangling(_ page: UInt32, in kernel: borrowing SimulatedKernel) -> Bool
  /// Whether something that the VMA itself points to was freed.
  func isDangling(vma: VMA, in kernel: borrowing SimulatedKernel) -> Bool
  /// The anon_vma that the page points to, in a design that has some.
  func anonVMA(of page: UInt32, in kernel: borrowing SimulatedKernel) -> AnonVMAHandle?
}

/// What a design need not care about.
extension ReverseMap {
  func begin(_ mm: UInt32, in kernel: inout SimulatedKernel) {}
  func adopt(_ kept: VMA, from removed: VMA, in kernel: inout SimulatedKernel) {
    copy(kept, of: removed, in: &kernel)
  }
  func resized(_ vma: VMA, from old: Workload.Span, in kernel: inout SimulatedKernel) {}
  func tookPart(_ vma: VMA, of donor: VMA, in kernel: inout SimulatedKernel) {}
  func mayMerge(_ kept: VMA, _ removed: VMA, in kernel: borrowing SimulatedKernel) -> Bool { true }
  func unlink(_ vma: VMA, in kernel: inout SimulatedKernel) {}
  func exit(_ mm: UInt32, in kernel: inout SimulatedKernel) {}
  func mappedAgain(_ page: UInt32, in vma: VMA, _ kernel: inout SimulatedKernel) {}
  func inherited(_ page: UInt32, by child: VMA, from parent: VMA, _ kernel: inout SimulatedKernel) {}
  func moved(
    _ page: UInt32, from source: VMA, to target: VMA, at place: UInt64, _ kernel: inout SimulatedKernel
  ) -> UInt32 { page }
  func reused(_ page: UInt32, by vma: VMA, _ kernel: inout SimulatedKernel) {}
  func released(_ page: UInt32, _ kernel: inout SimulatedKernel) {}
  func isDangling(_ page: UInt32, in kernel: borrowing SimulatedKernel) -> Bool { false }
  func isDangling(vma: VMA, in kernel: borrowing SimulatedKernel) -> Bool { false }
  func anonVMA(of page: UInt32, in kernel: borrowing SimulatedKernel) -> AnonVMAHandle? { nil }

  /// Walks: right for every design, and slow where a page is mapped by many.
  func finds(_ page: UInt32, in mm: UInt32, at place: UInt64, _ kernel: borrowing SimulatedKernel) -> Bool {
    var walk = Walk(lookingFor: (mm, place))
    self.walk(page..<page + 1, &walk, in: kernel)
    return walk.hasMet
  }
}

/// An array with room for whatever number comes: what a design notes of VMAs, mms or pages.
struct Notes<Element> {
  private var elements: ContiguousArray<Element> = []
  private let initial: Element

  init(_ initial: Element) { self.initial = initial }

  subscript(_ index: Int) -> Element {
    get { index < elements.count ? elements[index] : initial }
    set {
      if index >= elements.count {
        elements.append(contentsOf: repeatElement(initial, count: index + 1 - elements.count))
      }
      elements[index] = newValue
    }
  }

  subscript(_ index: UInt32) -> Element {
    get { self[Int(index)] }
    set { self[Int(index)] = newValue }
  }
}

extension Notes: Sendable where Element: Sendable {}
