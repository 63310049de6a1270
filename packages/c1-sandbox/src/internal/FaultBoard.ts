/** The faults in force. Code that can misbehave asks for a fault by name at the very place; asking is what counts it. */
import type { Fault, FaultName, Method } from "../Fault.ts"

export type FaultNamed<Name extends FaultName> = Extract<Fault, { readonly name: Name }>

interface Posted {
  readonly fault: Fault
  seen: number
}

export interface Target {
  /** Absent for requests that are neither of the service nor of the token endpoint. */
  readonly method: Method | undefined
  /** Names of the faults that struck this request. */
  readonly struck: Array<FaultName>
}

const isNamed = <Name extends FaultName>(fault: Fault, name: Name): fault is FaultNamed<Name> => fault.name === name

export class FaultBoard {
  #posted: ReadonlyArray<Posted> = []

  get active(): ReadonlyArray<Fault> {
    return this.#posted.map(({ fault }) => fault)
  }

  set(fault: Fault): void {
    this.#posted = [...this.#posted, { fault, seen: 0 }]
  }

  clear(name?: FaultName): void {
    this.#posted = name === undefined ? [] : this.#posted.filter(({ fault }) => fault.name !== name)
  }

  /** The fault of that name if it strikes this request now. */
  take<Name extends FaultName>(name: Name, target: Target): FaultNamed<Name> | undefined {
    for (const posted of this.#posted) {
      const { fault } = posted
      if (!isNamed(fault, name)) continue
      if (fault.method !== undefined && fault.method !== target.method) continue
      const { after = 0, times } = fault
      posted.seen += 1
      if (posted.seen <= after) continue
      if (times !== undefined && posted.seen >= after + times) {
        this.#posted = this.#posted.filter((other) => other !== posted)
        if (posted.seen > after + times) continue
      }
      target.struck.push(name)
      return fault
    }
    return undefined
  }
}
