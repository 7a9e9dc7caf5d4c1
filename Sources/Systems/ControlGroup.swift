/// The control groups (cgroup v1 or v2) that a process is in, as folders whose files hold the limits: its own and those
/// above it, up to what this process sees of the hierarchy.
package struct ControlGroup: Hashable, Sendable {
    /// Own folder first.
    package var memoryFolders: [Folder] = []
    package var processorFolders: [Folder] = []

    package struct Folder: Hashable, Sendable {
        package var path: String
        package var isVersion1: Bool
    }

    /// Of this process.
    package static let own = ControlGroup(
        groups: SmallFile.text("/proc/self/cgroup"), mounts: SmallFile.text("/proc/self/mountinfo"))

    /// - Parameters:
    ///   - groups: the text of /proc/self/cgroup.
    ///   - mounts: the text of /proc/self/mountinfo.
    package init(groups: String, mounts: String) {
        let mounts = mounts.split(separator: "\n").compactMap { Mount($0) }
        for line in groups.split(separator: "\n") {
            // `4:memory:/job` or, of version 2, `0::/job`
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            func folders(_ controller: Substring) -> [Folder] {
                let isVersion1 = !controllers.isEmpty
                guard !isVersion1 || controllers.contains(controller) else { return [] }
                let mount = mounts.last { isVersion1 ? $0.controllers.contains(controller) : $0.isVersion2 }
                return mount?.folders(of: fields[2]).map { Folder(path: $0, isVersion1: isVersion1) } ?? []
            }
            memoryFolders += folders("memory")
            processorFolders += folders("cpu")
        }
    }

    /// A hierarchy's place in the file system.
    private struct Mount {
        var root: Substring
        var point: Substring
        var isVersion2: Bool
        var controllers: [Substring]

        /// `36 25 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory`
        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 5, fields.count > dash + 3,
                fields[dash + 1] == "cgroup" || fields[dash + 1] == "cgroup2"
            else { return nil }
            (root, point) = (fields[3], fields[4])
            isVersion2 = fields[dash + 1] == "cgroup2"
            controllers = isVersion2 ? [] : fields[dash + 3].split(separator: ",")
        }

        /// A group's folder and those above it, up to the mount. In a container the mount may show the group alone, while
        /// the group's name counts from the host's root: then it is the mount itself.
        func folders(of group: Substring) -> [String] {
            let isInside = root == "/" || group == root || group.hasPrefix(root + "/")
            var parts = (root == "/" ? group : group.dropFirst(root.count)).split(separator: "/")
            if !isInside || parts.contains("..") { parts = [] }
            return (0...parts.count).reversed().map { count in
                ([String(point)] + parts.prefix(count).map(String.init)).joined(separator: "/")
            }
        }
    }
}

extension ControlGroup {
    /// One for each folder that has one.
    package var memoryLimits: [MemoryLimit] {
        memoryFolders.compactMap { folder in
            let name = folder.isVersion1 ? "memory.limit_in_bytes" : "memory.max"
            guard let bytes = SmallFile.number("\(folder.path)/\(name)") else { return nil }
            return MemoryLimit(bytes: bytes, source: "the control group's \(name) in \(folder.path)")
        }
    }

    /// Bytes that may still be taken below each limit: the least of them.
    package var memoryLeft: Int? {
        memoryFolders.compactMap { folder -> Int? in
            let (limit, used) =
                folder.isVersion1
                ? ("memory.limit_in_bytes", "memory.usage_in_bytes") : ("memory.max", "memory.current")
            guard let limit = SmallFile.number("\(folder.path)/\(limit)") else { return nil }
            return max(0, limit - (SmallFile.number("\(folder.path)/\(used)") ?? 0))
        }.min()
    }

    /// Cores' worth of time that all processes of a group may take together; nil without such a limit.
    package var processorQuota: Double? {
        processorFolders.compactMap { folder in
            guard folder.isVersion1 else { return Self.quota(SmallFile.text("\(folder.path)/cpu.max")) }
            let quota = SmallFile.text("\(folder.path)/cpu.cfs_quota_us")
            return Self.quota("\(quota) \(SmallFile.text("\(folder.path)/cpu.cfs_period_us"))")
        }.min()
    }

    /// `150000 100000` → 1.5; nil for `max 100000`, `-1 100000` and for anything else.
    package static func quota(_ text: String) -> Double? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else {
            return nil
        }
        return quota / period
    }
}

/// Files of the kernel's that hold a few words.
package enum SmallFile {
    /// Empty where there is none.
    package static func text(_ path: String) -> String { (try? File.text(path, limit: 1 << 20)) ?? "" }

    /// A number that is not negative; nil for `max` and all else.
    package static func number(_ path: String) -> Int? {
        let text = text(path).filter { !$0.isWhitespace }
        return Int(text).flatMap { $0 >= 0 ? $0 : nil }
    }
}
