internal import Glibc
internal import Systems
package import Tensors

/// A model's tensors on their way into a folder: `model.safetensors`, or where that would be too large for one file
/// `model-00001-of-00003.safetensors` and so on with `model.safetensors.index.json`.
///
///     let shards = try SafetensorsShards(tensors, folder: "export")
///     try shards.write { index, append in try append(bytes(of: tensors[index])) }
package struct SafetensorsShards {
    package let folder: String
    private let tensors: [(name: String, spec: TensorSpec)]
    private let shards: [Shard]
    private let file: String

    private struct Shard {
        /// Of tensors in the list.
        var range: Range<Int>
        var name: String
        var layout: SafetensorsLayout
    }

    /// What a shard holds at most, unless one tensor alone has more.
    package static let defaultShardByteCount = 5_000_000_000

    /// Plans the files: tensors in this order, as many in each as fit; `file` is the name of a single one. Throws when a name occurs twice or sizes overflow.
    package init(
        _ tensors: [(name: String, spec: TensorSpec)], folder: String,
        shardByteCount: Int = defaultShardByteCount, file: String = WeightsPath.file
    ) throws(CheckpointError) {
        // A name may stand in one shard only, and no size overflows.
        _ = try SafetensorsLayout(tensors)
        let ranges = Self.ranges(tensors.map(\.spec.byteCount), limit: shardByteCount)
        var shards: [Shard] = []
        for (index, range) in ranges.enumerated() {
            let name = ranges.count == 1 ? file : Self.name(index + 1, of: ranges.count)
            shards.append(Shard(range: range, name: name, layout: try SafetensorsLayout(Array(tensors[range]))))
        }
        self.folder = folder.hasSuffix("/") ? folder : folder + "/"
        self.file = file
        self.tensors = tensors
        self.shards = shards
    }

    /// The names of the files, the index behind the shards.
    package var files: [String] { shards.map(\.name) + (shards.count > 1 ? [WeightsPath.index] : []) }

    /// What all files take together.
    package var byteCount: Int { shards.reduce(index?.count ?? 0) { $0 + $1.layout.fileByteCount } }

    /// Writes all files, each under a name of its own until it is whole and on disk, the index last.
    ///
    /// - Parameter fill: called once for each tensor, in order. What it appends, in one piece or many, must be the tensor's
    ///   bytes, row-major and little-endian.
    /// - Throws: also where the folder holds weights already, and where there is no room. Nothing is left then.
    package func write(
        _ fill: (_ tensor: Int, _ append: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void)
            throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        let isNew = !File.exists(folder)
        do throws(SystemError) { try File.makeFolder(folder) } catch { throw CheckpointError(error) }
        do throws(CheckpointError) {
            try checkPlace()
            try writeAll(fill)
        } catch {
            if isNew { rmdir(folder) }
            throw error
        }
    }

    private func writeAll(
        _ fill: (_ tensor: Int, _ append: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void)
            throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        do throws(CheckpointError) {
            for shard in shards { try write(shard, fill) }
            if let index { try Self.writeDurably(index, to: folder + WeightsPath.index) }
        } catch {
            // None of them was there before.
            for name in files { unlink(folder + name) }
            throw error
        }
    }

    private func write(
        _ shard: Shard,
        _ fill: (_ tensor: Int, _ append: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void)
            throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        let draft = try SafetensorsDraft(path: folder + shard.name, layout: shard.layout, replacingPartial: true)
        defer { draft.discard() }
        let writer = try SafetensorsWriter(partialPath: draft.partialPath, layout: shard.layout)
        for tensor in shard.range {
            let name = tensors[tensor].name
            try fill(tensor) { (bytes: UnsafeRawBufferPointer) throws(CheckpointError) in
                try writer.append(bytes, to: name)
            }
        }
        try draft.commit(bytesWritten: try writer.finish())
    }

    /// A folder without weights, with room for all of them.
    private func checkPlace() throws(CheckpointError) {
        let model = files == [file] && file != WeightsPath.file ? [] : [WeightsPath.file, WeightsPath.index]
        for name in model + files where File.exists(folder + name) {
            throw .file(path: folder, operation: "write weights", reason: "it holds \(name) already")
        }
        let free: Int
        do throws(SystemError) { free = try File.freeBytes(at: folder) } catch { throw CheckpointError(error) }
        guard free >= byteCount else { throw .space(path: folder, needed: byteCount, free: free) }
    }

    private static func ranges(_ sizes: [Int], limit: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var (start, bytes) = (0, 0)
        for (index, size) in sizes.enumerated() {
            if index > start, bytes + size > limit {
                ranges.append(start..<index)
                (start, bytes) = (index, 0)
            }
            bytes += size
        }
        return ranges + [start..<sizes.count]
    }

    /// `model-00001-of-00002.safetensors`, or what stands before the numbers.
    package static func name(_ number: Int, of count: Int, prefix: String = "model") -> String {
        "\(prefix)-\(number.digits(5))-of-\(count.digits(5)).safetensors"
    }

    /// nil where there is one file alone.
    private var index: [UInt8]? {
        guard shards.count > 1 else { return nil }
        let places = shards.flatMap { shard in shard.range.map { (tensors[$0].name, shard.name) } }
        let lines = places.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map {
            "    \(SafetensorsHeaderText.string($0.0)): \(SafetensorsHeaderText.string($0.1))"
        }
        let size = shards.reduce(0) { $0 + $1.layout.dataByteCount }
        let text = """
            {
              "metadata": {
                "total_size": \(size)
              },
              "weight_map": {
            \(lines.joined(separator: ",\n"))
              }
            }

            """
        return Array(text.utf8)
    }

    private static func writeDurably(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        let partial = path + ".partial"
        do throws(SystemError) {
            let file = try File.create(partial)
            defer { close(file) }
            try File.write(bytes, to: file, path: partial)
            guard fsync(file) == 0 else { throw SystemError("sync", partial) }
            guard rename(partial, path) == 0 else { throw SystemError("put in its place", partial) }
        } catch {
            unlink(partial)
            throw CheckpointError(error)
        }
        try SafetensorsDraft.syncFolder(of: path)
    }
}
