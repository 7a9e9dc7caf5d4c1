import Systems
import Testing

struct ControlGroupTests {
    @Test func `version 2: the own group and those above it, up to the mount`() {
        let group = ControlGroup(
            groups: "0::/user.slice/job\n",
            mounts: "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n")
        #expect(
            group.memoryFolders.map(\.path) == [
                "/sys/fs/cgroup/user.slice/job", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup",
            ])
        #expect(group.processorFolders == group.memoryFolders)
        #expect(group.memoryFolders.map(\.isVersion1) == [false, false, false])
    }

    @Test func `version 1: each controller has a hierarchy of its own`() {
        let group = ControlGroup(
            groups: "9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/c\n",
            mounts: """
                35 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
                36 25 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
                """)
        let memory = "/sys/fs/cgroup/memory"
        #expect(group.memoryFolders.map(\.path) == ["\(memory)/a/b", "\(memory)/a", memory])
        #expect(group.processorFolders.map(\.path) == ["/sys/fs/cgroup/cpu,cpuacct/c", "/sys/fs/cgroup/cpu,cpuacct"])
        #expect(group.memoryFolders.map(\.isVersion1) == [true, true, true])
    }

    @Test func `both at once: memory may be of version 1 beside an empty version 2`() {
        let group = ControlGroup(
            groups: "4:memory:/a\n0::/\n",
            mounts: """
                35 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
                37 25 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
                """)
        #expect(
            group.memoryFolders.map(\.path) == [
                "/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified",
            ])
    }

    /// A container without a namespace of its own sees the host's names, and its own group alone mounted.
    @Test(arguments: [
        ("/docker/id", "/docker/id", ["/sys/fs/cgroup/memory"]),
        ("/docker/id", "/docker/id/inner", ["/sys/fs/cgroup/memory/inner", "/sys/fs/cgroup/memory"]),
        ("/docker/id", "/docker/idol", ["/sys/fs/cgroup/memory"]), ("/docker/id", "/", ["/sys/fs/cgroup/memory"]),
        ("/", "/../outside", ["/sys/fs/cgroup/memory"]),
    ])
    func `a mount that shows the group alone is the group's folder`(root: String, group: String, folders: [String]) {
        let found = ControlGroup(
            groups: "4:memory:\(group)\n",
            mounts: "35 25 0:31 \(root) /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
        #expect(found.memoryFolders.map(\.path) == folders)
    }

    @Test(arguments: ["", "\n\n", "4:memory", "::", "0::/x", "4:memory:/x"])
    func `nonsense, or no mount, is no limit`(groups: String) {
        #expect(ControlGroup(groups: groups, mounts: "x - y\n1 2 3 4 5 6 - cgroup\n").memoryLimits == [])
    }

    @Test func `what holds here is at most the machine's memory`() {
        #expect(MemoryLimit.together.bytes <= MemoryLimit.machine.bytes && MemoryLimit.together.bytes > 0)
    }

    @Test(
        arguments: [
            ("150000 100000\n", 1.5), ("max 100000\n", nil), ("-1\n 100000\n", nil), ("", nil), ("100000", nil),
            ("0 100000", nil), ("100000 0", nil), ("nan 1", nil),
        ] as [(String, Double?)])
    func `a quota is read in cores`(text: String, cores: Double?) {
        #expect(ControlGroup.quota(text) == cores)
    }
}
