import Dashboards
import Testing

@Suite struct AddressTests {
    @Test func aPortIsOneOfTheLoopbackAddress() throws {
        let address = try DashboardAddress("8080")
        #expect(address == DashboardAddress(host: "127.0.0.1", port: 8080))
        #expect(address.isLoopback && address.url == "http://127.0.0.1:8080/")
        #expect(try DashboardAddress("localhost:80") == DashboardAddress(host: "127.0.0.1", port: 80))
    }

    @Test func anAddressMayBeSeenByOthers() throws {
        let address = try DashboardAddress("0.0.0.0:0")
        #expect(!address.isLoopback && address.host == "0.0.0.0" && address.port == 0)
    }

    @Test(arguments: [
        "", ":", "65536", "-1", "8080:", ":8080", "a:80", "1.2.3:80", "::1", "127.0.0.1:80:80", "８０", "80 ",
        "127.0.0.1\0:80",
    ]) func otherTextIsRefusedWithWhatWasExpected(text: String) {
        let error = #expect(throws: DashboardError.self) { try DashboardAddress(text) }
        #expect(error?.description.contains("expected a port") == true)
    }
}
