import Planning
import Testing

@Suite struct WorkerEnvironmentTests {
    @Test(
        arguments: [
            (nil, "glibc.malloc.hugetlb=1"), ("", "glibc.malloc.hugetlb=1"),
            ("glibc.malloc.check=3", "glibc.malloc.check=3:glibc.malloc.hugetlb=1"),
            ("glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"),
        ] as [(String?, String)])
    func `workers ask for huge pages unless told otherwise`(given: String?, tunables: String) {
        #expect(WorkerEnvironment.tunables(given: given) == tunables)
    }
}
