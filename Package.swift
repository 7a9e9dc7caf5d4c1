// swift-tools-version: 6.2
import PackageDescription

/// Rooms in the order data flows; a room imports only rooms above it (docs/architecture in README.md).
let package = Package(
    name: "echelon",
    products: [
        .executable(name: "echelon", targets: ["EchelonCLI"]),
        .library(name: "Echelon", targets: ["Echelon"]),
    ],
    dependencies: [
        // Subcommands, options and their help.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // YAML with marks, so that every manifest error names file, line and column.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Loads the library when it is first used.
        .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(name: "COneDNN"),
        .systemLibrary(name: "CZeroMQ"),
        .target(name: "CKernels"),
        .target(name: "Systems"),
        .target(name: "Notation", dependencies: ["Systems", "Yams"]),
        .target(name: "Tensors", dependencies: ["Systems", "COpenBLAS", "COneDNN", "CKernels"]),
        .target(name: "Layers", dependencies: ["Tensors", "Notation"]),
        .target(name: "Optimizers", dependencies: ["Tensors", "Notation"]),
        .target(name: "Models", dependencies: ["Systems", "Notation", "Tensors", "Layers"]),
        .target(name: "Partitioning"),
        .target(name: "Scheduling"),
        .target(
            name: "Manifests", dependencies: ["Systems", "Notation", "Layers", "Models", "Optimizers", "Scheduling"]),
        .target(name: "Transport", dependencies: ["CZeroMQ", "Systems"]),
        .target(name: "Datasets", dependencies: ["Tensors", "Systems"]),
        .target(name: "Checkpoints", dependencies: ["Tensors", "Systems"]),
        .target(name: "Reports", dependencies: ["Scheduling", "Systems"]),
        .target(name: "Dashboards", dependencies: ["Reports", "Systems"]),
        .target(
            name: "Workers",
            dependencies: [
                "Systems", "Notation", "Tensors", "Layers", "Optimizers", "Manifests", "Models", "Partitioning",
                "Scheduling", "Transport", "Datasets", "Checkpoints", "Reports",
            ]),
        .target(
            name: "Echelon",
            dependencies: [
                "Systems", "Notation", "Tensors", "Layers", "Optimizers", "Manifests", "Models", "Partitioning",
                "Scheduling", "Transport", "Datasets", "Checkpoints", "Reports", "Dashboards", "Workers",
            ]),
        .executableTarget(
            name: "EchelonCLI",
            // It imports Echelon alone. The rooms stand here because the build does not see through re-exports: without
            // them, a changed value's layout would leave stale code behind.
            dependencies: [
                "Echelon", "Systems", "Notation", "Tensors", "Layers", "Optimizers", "Manifests", "Models",
                "Partitioning", "Scheduling", "Transport", "Datasets", "Checkpoints", "Reports", "Dashboards",
                "Workers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(name: "SystemsTests", dependencies: ["Systems"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels"]),
        .testTarget(
            name: "LayersTests", dependencies: ["Layers", "Models", "Notation", "Tensors"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "OptimizersTests", dependencies: ["Optimizers", "Tensors"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "ManifestsTests",
            dependencies: [
                "Manifests", "Models", "Layers", "Optimizers", "Notation", "Scheduling", "Tensors",
            ]),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "Layers", "Notation", "Tensors"]),
        .testTarget(name: "PartitioningTests", dependencies: ["Partitioning"]),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling"]),
        .testTarget(name: "TransportTests", dependencies: ["Transport", "CZeroMQ", "TestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Tensors"]),
        .testTarget(
            name: "CheckpointsTests", dependencies: ["Checkpoints", "Tensors"], resources: [.copy("Fixtures")]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Scheduling", "Systems", "TestSupport"]),
        .testTarget(name: "DashboardsTests", dependencies: ["Dashboards", "Reports", "Scheduling", "TestSupport"]),
        .testTarget(
            name: "WorkersTests",
            dependencies: [
                "Workers", "Systems", "Tensors", "Layers", "Optimizers", "Manifests", "Models", "Partitioning",
                "Scheduling", "Transport", "Datasets", "Checkpoints", "Reports", "CAllocations", "TestSupport",
            ]),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        // Stands before the C library's malloc, in the test program alone.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        // It runs the program that is built beside it.
        .testTarget(
            name: "EndToEndTests", dependencies: ["EchelonCLI", "Echelon", "TestSupport"], exclude: ["Fixtures"]),
    ],
    cLanguageStandard: .gnu11
)

for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
