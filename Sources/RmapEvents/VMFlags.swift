/// `vma->vm_flags`, by the kernel's names without `VM_` (include/linux/mm.h). The values have not changed from 5.10 to 7.3.
public struct VMFlags: OptionSet, Hashable, Sendable {
  /// The word as recorded.
  public let rawValue: UInt64

  /// Wraps a word as it was recorded.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable static func bit(_ number: UInt64) -> VMFlags { VMFlags(rawValue: 1 << number) }

  /// VM_READ, VM_WRITE, VM_EXEC: the access rights.
  @inlinable public static var access: VMFlags { VMFlags(rawValue: 7) }
  /// VM_SHARED.
  @inlinable public static var shared: VMFlags { bit(3) }
  /// VM_MAYREAD, VM_MAYWRITE, VM_MAYEXEC, VM_MAYSHARE.
  @inlinable public static var mayAccess: VMFlags { VMFlags(rawValue: 0xf0) }
  /// VM_GROWSDOWN.
  @inlinable public static var growsDown: VMFlags { bit(8) }
  /// VM_UFFD_MISSING.
  @inlinable public static var uffdMissing: VMFlags { bit(9) }
  /// VM_PFNMAP: page tables hold page frames without `struct page`.
  @inlinable public static var pfnMap: VMFlags { bit(10) }
  /// VM_UFFD_WP.
  @inlinable public static var uffdWP: VMFlags { bit(12) }
  /// VM_LOCKED.
  @inlinable public static var locked: VMFlags { bit(13) }
  /// VM_IO: memory of a device.
  @inlinable public static var io: VMFlags { bit(14) }
  /// VM_STACK_INCOMPLETE_SETUP: VM_RAND_READ and VM_SEQ_READ at once, while exec builds a stack.
  @inlinable public static var stackIncompleteSetup: VMFlags { VMFlags(rawValue: 0x1_8000) }
  /// VM_DONTCOPY.
  @inlinable public static var dontCopy: VMFlags { bit(17) }
  /// VM_DONTEXPAND.
  @inlinable public static var dontExpand: VMFlags { bit(18) }
  /// VM_LOCKONFAULT.
  @inlinable public static var lockOnFault: VMFlags { bit(19) }
  /// VM_HUGETLB.
  @inlinable public static var hugetlb: VMFlags { bit(22) }
  /// VM_ARCH_1: VM_PAT on x86, VM_ARM64_BTI on arm64.
  @inlinable public static var arch1: VMFlags { bit(24) }
  /// VM_WIPEONFORK: the child gets the mapping without its pages.
  @inlinable public static var wipeOnFork: VMFlags { bit(25) }
  /// VM_SOFTDIRTY.
  @inlinable public static var softDirty: VMFlags { bit(27) }
  /// VM_MIXEDMAP: page tables hold `struct page`s and page frames.
  @inlinable public static var mixedMap: VMFlags { bit(28) }
  /// VM_UFFD_MINOR, bit 37 or 38, as the configuration has it.
  @inlinable public static var uffdMinor: VMFlags { [bit(37), bit(38)] }
  /// Bits 32 and up: protection keys and the like, which differ between architectures.
  @inlinable public static var high: VMFlags { VMFlags(rawValue: ~0xffff_ffff) }
}
