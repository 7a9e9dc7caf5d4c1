import Planning
import Runs
import TestPlans
import Testing

@Suite struct EnvironmentFileTests {
    @Test func `values are the rest of their lines, without quotes or comments of their own`() throws {
        let text = "# libraries\nLD_LIBRARY_PATH=/opt/a:/opt/b\n\n  NAME=x y # z=\"1\"\r\nEMPTY=\n"
        #expect(
            try EnvironmentFile.parse(text, path: "f")
                == ["LD_LIBRARY_PATH": "/opt/a:/opt/b", "NAME": "x y # z=\"1\"", "EMPTY": ""])
    }

    @Test(arguments: [
        ("A=1\nsecret", "f:2: expected NAME=VALUE"), ("=1", "f:1: expected NAME=VALUE"), ("1A=1", "f:1: expected"),
        ("A B=1", "f:1: expected"), ("export A=1", "f:1: expected"), ("A=\0", "f:1: the value of A holds a zero byte"),
        ("OMP_NUM_THREADS=4", "f:1: OMP_NUM_THREADS is each worker's own"),
        ("ECHELON_WORKER_KEY=4", "f:1: ECHELON_WORKER_KEY is each worker's own"),
    ])
    func `a line that sets nothing is refused with its place and without what it holds`(text: String, start: String) {
        let said = message { try EnvironmentFile.parse(text, path: "f") }
        #expect(said.hasPrefix(start) && !said.contains("secret"), "\(said)")
    }
}
