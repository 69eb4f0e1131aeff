import Testing

@testable import Recorder

/// Goal: a recording names the compiler and the commit of its kernel, or says nothing of them.
@Suite struct KernelBuildTests {
  @Test(arguments: [
    (
      "Linux version 6.1.0-57-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, "
        + "GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-10-01)",
      "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40"
    ), ("Linux version 5.4.0 (me@host) (gcc version 9.3.0) #1 SMP", "gcc version 9.3.0"),
    ("Linux version 6.12 (me@host", nil), ("", nil), ("a (b) () c", nil),
  ])
  func compiler(banner: String, expected: String?) {
    #expect(KernelBuild.compiler(ofBanner: banner) == expected)
  }

  @Test(arguments: [
    ("6.18.0-rc3-00012-g1a2b3c4d5e6f", "1a2b3c4d5e6f"), ("6.18.0-rc3-g1a2b3c4d5e6f-dirty", "1a2b3c4d5e6f"),
    ("6.12.118+deb13-cloud-amd64", nil), ("6.1.0-generic", nil), ("6.1.0-gabcdefgh", nil),
  ])
  func commit(release: String, expected: String?) {
    #expect(KernelBuild.commit(ofRelease: release) == expected)
  }
}
