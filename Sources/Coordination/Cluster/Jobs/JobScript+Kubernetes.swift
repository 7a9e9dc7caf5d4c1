import Notation
import Planning
public import Runs
import Systems

/// What a JobSet says beside what the pipeline does.
public struct KubernetesSettings: Sendable {
    /// The image with the program in it.
    public var image: String
    /// The claim of a volume that all pods share: the pipeline, its data and the run's folder are there.
    public var claim: String
    /// Where it is mounted, and where the program starts.
    public var mount: String
    /// How often all pods are started again.
    public var restarts = 100

    /// - Parameter mount: from the root.
    public init(image: String, claim: String, mount: String = "/data") {
        (self.image, self.claim, self.mount) = (image, claim, mount)
    }
}

extension JobScript {
    /// A JobSet (jobset.x-k8s.io/v1alpha2) for `kubectl apply`: an indexed job with a pod for each device.
    ///
    /// The pods' numbers are the ranks; pod 0 has a name that the others find. Where one fails, all are made anew and the run
    /// goes on from its newest checkpoint, but not where the program says that trying again is useless.
    /// - Throws: bad input: no image, no claim, a mount that is no path from the root.
    public func kubernetes(_ settings: KubernetesSettings) throws(RunFailure) -> String {
        let given = [("image", settings.image), ("claim", settings.claim), ("mount", settings.mount)]
        for (option, value) in given {
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
                throw .badInput("--\(option) \(value.printable(limit: 80)): expected one word")
            }
        }
        guard settings.mount.hasPrefix("/") else {
            throw .badInput("--mount \(settings.mount.printable(limit: 80)): expected a path from the root, as /data")
        }
        let arguments = command.map { "              - \(Self.quoted($0))" }.joined(separator: "\n")
        return """
            # \(tasks) pods, one for each device of \(command[2].printable()). Made by `echelon launch kubernetes`.
            apiVersion: jobset.x-k8s.io/v1alpha2
            kind: JobSet
            metadata:
              name: \(name)
            spec:
              failurePolicy:
                maxRestarts: \(settings.restarts)
                rules:
                  - name: tryingAgainIsUseless
                    action: FailJobSet
                    onJobFailureReasons: [PodFailurePolicy]
              replicatedJobs:
                - name: workers
                  replicas: 1
                  template:
                    spec:
                      completionMode: Indexed
                      completions: \(tasks)
                      parallelism: \(tasks)
                      backoffLimit: 0
                      podFailurePolicy:
                        rules:
                          # 64 a mistake, 65 diverged, 70 a bug
                          - action: FailJob
                            onExitCodes: {containerName: worker, operator: In, values: [64, 65, 70]}
                      template:
                        spec:
                          restartPolicy: Never
                          # For the checkpoint behind the step in flight.
                          terminationGracePeriodSeconds: 120
                          containers:
                            - name: worker
                              image: \(Self.quoted(settings.image))
                              workingDir: \(Self.quoted(settings.mount))
                              command:
            \(arguments.split(separator: "\n").map { "                  " + $0 }.joined(separator: "\n"))
                              env:
                                - name: RANK
                                  valueFrom:
                                    fieldRef:
                                      fieldPath: metadata.annotations['batch.kubernetes.io/job-completion-index']
                                - name: ECHELON_JOB
                                  valueFrom:
                                    fieldRef:
                                      fieldPath: metadata.labels['batch.kubernetes.io/controller-uid']
                                - {name: WORLD_SIZE, value: "\(tasks)"}
                                - {name: MASTER_ADDR, value: \(name)-workers-0-0.\(name)}
                                - {name: MASTER_PORT, value: "29500"}
                              resources:
                                requests: {cpu: "\(cores)", memory: \(max(1, (memory + (1 << 20) - 1) >> 20))Mi}
                              volumeMounts:
                                - {name: shared, mountPath: \(Self.quoted(settings.mount))}
                          volumes:
                            - name: shared
                              persistentVolumeClaim: {claimName: \(Self.quoted(settings.claim))}

            """
    }

    /// A text in YAML, whatever it holds.
    private static func quoted(_ text: String) -> String { YAML.quoted(text) }
}
