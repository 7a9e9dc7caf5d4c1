import Dashboards
import Testing

@Suite struct AddressTests {
    @Test func `a port is one of the loopback address`() throws {
        let address = try DashboardAddress("8080")
        #expect(address == DashboardAddress(host: "127.0.0.1", port: 8080))
        #expect(address.isLoopback)
        #expect(try DashboardAddress("localhost:80") == DashboardAddress(host: "127.0.0.1", port: 80))
    }

    @Test func `an address may be seen by others`() throws {
        let address = try DashboardAddress("0.0.0.0:0")
        #expect(!address.isLoopback && address.host == "0.0.0.0" && address.port == 0)
    }

    /// A page at all addresses was said to be at the loopback one, which other machines cannot open.
    @Test func `what is printed can be opened there`() {
        func urls(_ host: String, token: String? = "t") -> [String] {
            DashboardAddress(host: host, port: 80).urls(token: token, own: ["192.0.2.2", "198.51.100.7"])
        }
        #expect(urls("127.0.0.1", token: nil) == ["http://127.0.0.1:80/"])
        #expect(urls("192.0.2.2") == ["http://192.0.2.2:80/?token=t"])
        #expect(
            urls("0.0.0.0") == [
                "http://127.0.0.1:80/?token=t", "http://192.0.2.2:80/?token=t", "http://198.51.100.7:80/?token=t",
            ])
    }

    @Test(arguments: [
        "", ":", "65536", "-1", "8080:", ":8080", "a:80", "1.2.3:80", "::1", "127.0.0.1:80:80", "８０", "80 ",
        "127.0.0.1\0:80",
    ]) func otherTextIsRefusedWithWhatWasExpected(text: String) {
        let error = #expect(throws: DashboardError.self) { try DashboardAddress(text) }
        #expect(error?.description.contains("expected a port") == true)
    }
}
