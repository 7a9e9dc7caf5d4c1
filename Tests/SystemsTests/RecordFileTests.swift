import Glibc
import Systems
import Testing

struct RecordFileTests {
    @Test func `a record that does not fit is taken back whole, and later ones follow`() throws {
        var template = Array("/tmp/systems-tests-XXXXXX".utf8CString)
        let path = String(cString: try #require(mkdtemp(&template))) + "/log"
        let log = try RecordFile(path)
        #expect(log.append(Array("one\n".utf8)) == nil)
        // A limit on the file's size is a full disk for this process alone.
        var old = rlimit()
        getrlimit(__rlimit_resource_t(1), &old)
        var small = rlimit(rlim_cur: 10, rlim_max: old.rlim_max)
        let handler = signal(SIGXFSZ, SIG_IGN)
        setrlimit(__rlimit_resource_t(1), &small)
        let first = log.append(Array("a record too long\n".utf8))
        let second = log.append(Array("another of that kind\n".utf8))
        setrlimit(__rlimit_resource_t(1), &old)
        signal(SIGXFSZ, handler)
        #expect(first?.reason == .system(EFBIG) && second == nil)
        #expect(log.append(Array("two\n".utf8)) == nil)
        log.close()
        #expect(log.lost == 2 && log.firstError == first)
        #expect(try File.text(path, limit: 100) == "one\ntwo\n")
    }
}
