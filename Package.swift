// swift-tools-version: 6.2
import PackageDescription

// The pipeline runs left to right; scripts/check-layers holds the arrows to it:
//   C libraries → TraceReading → EventDecoding → RmapGraph → Invariants → Checking → Reports → rmapcheck
// RmapEvents is the waist: graph and invariants build without any C library. RecordingFormat is what recorder and
// checker agree on; neither depends on the other.
/// The pipeline is one program in several modules: without this, every question that an invariant asks the graph is a
/// call into another module. Unsafe flags keep a package from being a dependency, which this one is not.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// What this is built from; empty where git does not say.
let commit =
  Context.gitInformation.map { $0.currentCommit.prefix(12) + ($0.hasUncommittedChanges ? "-dirty" : "") } ?? ""

let package = Package(
  name: "rmapcheck",
  products: [
    .executable(name: "rmapcheck", targets: ["rmapcheck"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CTraceEvent", pkgConfig: "libtraceevent", providers: [.apt(["libtraceevent-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev"])]),

    // The commit, for --version and the reports.
    .target(name: "CBuild", cSettings: [.define("RMAPCHECK_COMMIT", to: "\"\(commit)\"")]),

    .target(
      name: "TraceReading", dependencies: ["Vocabulary", "CTraceEvent", "CZstd", "CZlib", "CLzma", "CXXHash"],
      swiftSettings: settings),
    .target(name: "Vocabulary", swiftSettings: settings),
    .target(name: "RmapEvents", dependencies: ["Vocabulary"], swiftSettings: settings),
    .target(
      name: "EventDecoding", dependencies: ["TraceReading", "Vocabulary", "RmapEvents"], swiftSettings: settings),
    .target(name: "RmapGraph", dependencies: ["RmapEvents"], swiftSettings: settings),
    .target(name: "RecordingAudit", dependencies: ["RmapGraph", "RmapEvents"], swiftSettings: settings),
    .target(
      name: "Invariants", dependencies: ["RecordingAudit", "RmapGraph", "RmapEvents"], swiftSettings: settings),
    .target(
      name: "Pictures", dependencies: ["Invariants", "RmapGraph", "RmapEvents"], swiftSettings: settings),
    .target(
      name: "Policies", dependencies: ["Invariants", "RmapGraph", "RmapEvents"], swiftSettings: settings),
    .target(name: "RecordingFormat", dependencies: ["RmapEvents"], swiftSettings: settings),
    .target(
      name: "Checking",
      dependencies: [
        "RecordingFormat", "TraceReading", "RmapEvents", "EventDecoding", "RmapGraph", "RecordingAudit", "Invariants",
        "Pictures",
      ],
      swiftSettings: settings),
    .target(
      name: "Comparing",
      dependencies: ["Checking", "Policies", "RecordingFormat", "TraceReading", "RmapEvents", "EventDecoding"],
      swiftSettings: settings),
    .target(
      name: "Reports",
      dependencies: [
        "Checking", "Comparing", "Pictures", "Policies", "Invariants", "RecordingAudit", "RmapGraph", "RmapEvents",
        "RecordingFormat",
      ],
      swiftSettings: settings),
    .target(
      name: "Store",
      dependencies: ["RecordingFormat", "Reports", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: settings),
    .target(name: "KernelProbes", dependencies: ["Vocabulary", "CLibBPF"], swiftSettings: settings),
    .target(
      name: "Recorder",
      dependencies: ["CLinux", "CZlib", "KernelProbes", "TraceReading", "Vocabulary", "RmapEvents", "RecordingFormat"],
      swiftSettings: settings),
    .target(
      name: "Doctor",
      dependencies: [
        "Recorder", "KernelProbes", "Reports", "Invariants", "EventDecoding", "TraceReading", "RmapEvents",
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "rmapcheck",
      dependencies: [
        "Checking", "Comparing", "Doctor", "Invariants", "Pictures", "Policies", "Reports", "KernelProbes", "Recorder",
        "RmapEvents",
        "RecordingFormat", "Store", "CBuild", "Vocabulary",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .testTarget(
      name: "TraceReadingTests", dependencies: ["TraceReading", "CTraceEvent", "CZstd", "CZlib", "CLzma"],
      swiftSettings: settings),
    .target(
      name: "KernelTestSupport", dependencies: ["Vocabulary", "KernelProbes", "CLibBPF"],
      path: "Tests/KernelTestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "KernelProbesTests", dependencies: ["Vocabulary", "KernelProbes", "CLibBPF", "KernelTestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "RecorderTests",
      dependencies: ["Recorder", "KernelProbes", "KernelTestSupport", "TraceReading", "RecordingFormat", "Vocabulary"],
      swiftSettings: settings),
    .testTarget(
      name: "RecordingFormatTests", dependencies: ["RecordingFormat", "RmapEvents"], swiftSettings: settings),
    .testTarget(
      name: "DoctorTests",
      dependencies: [
        "Doctor", "Recorder", "KernelProbes", "KernelTestSupport", "EventDecoding", "Invariants", "RecordingFormat",
        "TraceReading", "RmapEvents",
      ],
      swiftSettings: settings),
    .target(
      name: "RmapTestSupport", dependencies: ["RmapEvents", "RmapGraph", "RecordingAudit", "Invariants"],
      path: "Tests/RmapTestSupport", swiftSettings: settings),
    .target(
      name: "RecordingExperiments",
      dependencies: [
        "Checking", "EventDecoding", "Invariants", "RecordingAudit", "RecordingFormat", "Reports", "RmapEvents",
        "RmapGraph",
        "RmapTestSupport", "TraceReading",
      ],
      path: "Tests/RecordingExperiments", swiftSettings: settings),
    .executableTarget(
      name: "experiment",
      dependencies: [
        "Checking", "RecordingExperiments", "RecordingFormat", "RmapTestSupport", "Store",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/experiment", swiftSettings: settings),
    .testTarget(
      name: "ExperimentTests",
      dependencies: [
        "Checking", "Invariants", "RecordingExperiments", "RecordingFormat", "RmapEvents", "RmapTestSupport",
        "TraceReading",
      ], swiftSettings: settings),
    .target(
      name: "TraceWriting", dependencies: ["Vocabulary", "RmapEvents"], path: "Tests/TraceWriting",
      swiftSettings: settings),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Checking", "RecordingFormat", "RmapTestSupport", "TraceWriting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/bench", swiftSettings: settings),
    .testTarget(
      name: "RmapGraphTests", dependencies: ["RecordingAudit", "RmapGraph", "RmapEvents", "RmapTestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "InvariantsTests",
      dependencies: ["Invariants", "RecordingAudit", "RmapGraph", "RmapEvents", "RmapTestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "PoliciesTests",
      dependencies: ["Policies", "Invariants", "RmapGraph", "RmapEvents", "RmapTestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "EventDecodingTests", dependencies: ["EventDecoding", "RmapEvents", "TraceReading"],
      swiftSettings: settings),
    .testTarget(
      name: "StoreTests", dependencies: ["Store", "RecordingFormat", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: settings),
    .testTarget(name: "CommandLineTests", dependencies: ["rmapcheck"], swiftSettings: settings),
    .testTarget(
      name: "CheckingTests",
      dependencies: [
        "Checking", "Comparing", "Pictures", "Policies", "Reports", "Invariants", "RecordingAudit", "RecordingFormat",
        "RmapGraph", "RmapEvents", "RmapTestSupport", "TraceReading", "TraceWriting",
      ],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// scripts/fuzz sets this: the fuzz targets need libFuzzer, which nothing else links.
if Context.environment["RMAPCHECK_FUZZ"] != nil {
  package.targets.removeAll { $0.type == .test }
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: ["Vocabulary", "TraceReading", "EventDecoding", "RmapEvents", "RecordingFormat", "Checking"],
      path: "Tests",
      sources: [
        "Fuzzing", "TraceReadingTests/Support/Bytes.swift", "TraceReadingTests/Support/PageBuilder.swift",
        "TraceReadingTests/Support/SamplePerf.swift", "TraceReadingTests/Support/SampleTrace.swift",
        "TraceReadingTests/Support/SampleTrace+Format6.swift",
        "TraceReadingTests/Support/SampleTrace+Format7.swift",
      ], swiftSettings: settings))
}
