/// The messages of each link in the order in which it carries them, and how many of them the receiver has taken.
struct Deliveries {
    private let routes: Routes
    private var messages: [[Message]]
    private var taken: [Int]

    init(_ schedule: Schedule, _ routes: Routes) {
        self.routes = routes
        messages = routes.messagesOfLink.map { count in
            var link: [Message] = []
            link.reserveCapacity(count)
            return link
        }
        taken = [Int](repeating: 0, count: routes.links.count)
        for instruction in schedule.ranks.joined() {
            for position in routes.makes(instruction) {
                let message = Self.message(routes.made(position, by: instruction), instruction)
                messages[message.link].append(message)
            }
        }
    }

    /// Everything the links deliver up to the last message that the instruction needs.
    mutating func forEachReceive(for instruction: Instruction, _ body: (Message) -> Void) {
        for position in routes.needs(instruction) {
            let (route, sequence) = routes.need(position, of: instruction)
            while taken[route.link] <= sequence {
                body(messages[route.link][taken[route.link]])
                taken[route.link] += 1
            }
        }
    }

    func forEachSend(of instruction: Instruction, _ body: (Message) -> Void) {
        for position in routes.makes(instruction) {
            body(Self.message(routes.made(position, by: instruction), instruction))
        }
    }

    private static func message(
        _ made: (route: Routes.Route, sequence: Int), _ instruction: Instruction
    ) -> Message {
        Message(
            edge: made.route.edge, direction: made.route.direction, microBatch: instruction.microBatch,
            link: made.route.link, sequence: made.sequence)
    }
}
