/** The page's texts. What the application itself says (causes, log lines) is in English. */
const TEXTS = {
  en: {
    skip: 'Skip to the board',
    board: 'Board',
    things: 'Things',
    flow: 'Flow',
    cars: 'Cars',
    health: 'Health',
    theme: 'Light or dark',
    no: 'Cancel',
    yes: 'Do it',
    token: 'The token of this page',
    open: 'Open',
    live: 'live',
    lost: 'connection lost, trying again',
    connecting: 'connecting',
    lines: 'Lines as a table',
    line: 'Line',
    level: 'Level',
    consumer: 'Consumer',
    edge: 'Last edge',
    direction: 'Direction',
    active: 'active',
    inactive: 'inactive',
    unknown: 'not known',
    nobody: 'free',
    never: 'none yet',
    input: 'input',
    output: 'output',
    press: 'press',
    toggle: 'switch',
    wave: 'wave a hand',
    noboard: 'No thing on this machine has lines.',
    temperature: 'Temperature',
    distance: 'Distance',
    nothingnear: 'nothing within reach',
    humidity: 'Humidity',
    rising: 'rising',
    falling: 'falling',
    ok: 'ok',
    degraded: 'degraded',
    failed: 'failed',
    offline: 'offline',
    online: 'online',
    elsewhere: 'runs elsewhere',
    property: 'Property',
    desired: 'Desired',
    reported: 'Reported',
    age: 'Age',
    delta: 'Delta',
    version: 'version',
    noshadow: 'No shadow.',
    set: 'Set',
    confirm: 'Switch {thing}: set {property} to {value}?',
    on: 'on',
    off: 'off',
    ago: '{n} ago',
    now: 'now',
    cloud: 'cloud',
    messages: 'Messages of {name}',
    time: 'Time',
    from: 'From',
    topic: 'Topic',
    bytes: 'Bytes',
    payload: 'Payload',
    none: 'None yet.',
    refused: 'Refused',
    refusednone: 'Nothing was refused since this page opened.',
    rows: 'Subscriptions',
    source: 'Source',
    subject: 'Subject',
    target: 'Target',
    because: 'Because',
    total: 'cars in all',
    greens: 'greens',
    least: 'fewest in one green',
    most: 'most in one green',
    next: 'next batch in {n} greens',
    next1: 'next batch in 1 green',
    batch: 'Batch',
    parts: 'Parts',
    name: 'Name',
    kind: 'Kind',
    state: 'State',
    cause: 'Cause',
    functions: 'Functions',
    memory: 'Memory',
    restarts: 'Restarts',
    invocations: 'Invocations',
    errors: 'Errors',
    certificates: 'Certificates',
    days: 'Days left',
    revoked: 'revoked',
    deployments: 'Deployments',
    log: 'Log',
    figures: 'Figures',
    summary: 'Overall state',
    locked: 'Mirror of a real board (driver {driver}): this page only shows.',
    unlocked: 'A real board: only its own parts move its lines. Desired values can be set.',
    hover: 'Point at a pin, a wire or a part for its line. Press what looks as if it could be pressed.',
    bench: 'At the sensors',
    activelow: 'active low',
    conflict: 'driven high and low at once',
    gone: 'the line is gone',
    red: 'red',
    yellow: 'yellow',
    green: 'green',
    dopress: 'Press: hold it, or Enter.',
    dotoggle: 'Switch it by a click, or Enter.',
    dowave: 'Wave a hand: hold it, or Enter.',
    pressactive: 'pressed',
    pressinactive: 'released',
    toggleactive: 'on',
    toggleinactive: 'off',
    waveactive: 'motion',
    waveinactive: 'quiet',
    nomeasurement: 'no measurement yet',
    nothings: 'The group has no things.',
    connectedto: 'connected to {core}',
    connected: 'connected',
    notconnected: 'not connected',
    gonesince: 'Gone since {time}: {cause}',
    all: 'all members',
    queued: '{n} messages wait',
    value: 'Value',
    more: '{n} more',
    choose: 'Choose a member, or a line between two, to see the last messages.',
    fromto: 'From, to',
    cloudkind: 'AWS IoT',
    core: 'shadow service',
    spool: 'Waiting',
    lastwrite: 'Last write',
    delivered: 'Delivered',
    ways: 'Ways to the cloud',
    nothingwaits: 'nothing',
    nocloud: 'No cloud is configured: batches are kept on this machine.',
    nocarsyet: 'No car has passed yet: the first green counts.',
    nocars: 'No function counts cars here.',
    batches: 'Last batches',
    curves: 'Curves',
    range: 'Time shown',
    range1h: '1 hour',
    range1d: '1 day',
    range7d: '7 days',
    charttotal: '{thing}: cars in all',
    chartpassed: '{thing}: cars since the batch before',
    curve: '{title}: {n} points, from {low} to {high}, the last one {last}',
    nocurves: 'Nothing was kept in this time. Batches and what sensors publish will show here.',
    mean: 'mean',
    lowest: 'lowest',
    highest: 'highest',
    download: 'As CSV:',
    nofunctions: 'No functions.',
    nocore: 'The core is on another machine.',
    nodeployments: 'None since this state folder began.',
    certificateserver: 'server certificate',
    certificateca: 'group CA',
    ends: 'Ends',
    by: 'By',
    inprocess: 'runs in the core itself',
    levels: 'Levels shown',
    frominfo: 'all',
    fromwarn: 'warnings',
    fromerror: 'errors',
    nolog: 'Nothing of this level.',
    closed: 'The page is closed to you: {message}',
  },
  zh: {
    skip: '跳到电路板',
    board: '电路板',
    things: '设备',
    flow: '消息流',
    cars: '车辆',
    health: '健康',
    theme: '浅色或深色',
    no: '取消',
    yes: '执行',
    token: '本页面的令牌',
    open: '打开',
    live: '实时',
    lost: '连接中断，正在重试',
    connecting: '正在连接',
    lines: '线路表',
    line: '线路',
    level: '电平',
    consumer: '占用者',
    edge: '最近边沿',
    direction: '方向',
    active: '有效',
    inactive: '无效',
    unknown: '未知',
    nobody: '空闲',
    never: '尚无',
    input: '输入',
    output: '输出',
    press: '按下',
    toggle: '开关',
    wave: '挥手',
    noboard: '本机没有使用线路的设备。',
    temperature: '温度',
    distance: '距离',
    nothingnear: '范围内无物体',
    humidity: '湿度',
    rising: '上升',
    falling: '下降',
    ok: '正常',
    degraded: '降级',
    failed: '故障',
    offline: '离线',
    online: '在线',
    elsewhere: '在别处运行',
    property: '属性',
    desired: '期望',
    reported: '已报告',
    age: '时间',
    delta: '差异',
    version: '版本',
    noshadow: '没有影子。',
    set: '设置',
    confirm: '切换 {thing}：将 {property} 设为 {value}？',
    on: '开',
    off: '关',
    ago: '{n}前',
    now: '刚刚',
    cloud: '云',
    messages: '{name} 的消息',
    time: '时间',
    from: '来自',
    topic: '主题',
    bytes: '字节',
    payload: '内容',
    none: '尚无。',
    refused: '被拒绝',
    refusednone: '页面打开以来没有消息被拒绝。',
    rows: '订阅',
    source: '来源',
    subject: '主题',
    target: '目标',
    because: '原因',
    total: '车辆总数',
    greens: '绿灯次数',
    least: '单次最少',
    most: '单次最多',
    next: '再过 {n} 次绿灯出下一批',
    next1: '再过 1 次绿灯出下一批',
    batch: '批次',
    parts: '部件',
    name: '名称',
    kind: '种类',
    state: '状态',
    cause: '原因',
    functions: '函数',
    memory: '内存',
    restarts: '重启',
    invocations: '调用',
    errors: '错误',
    certificates: '证书',
    days: '剩余天数',
    revoked: '已吊销',
    deployments: '部署',
    log: '日志',
    figures: '数值',
    summary: '总体状态',
    locked: '真实电路板的镜像（驱动 {driver}）：本页面只能查看。',
    unlocked: '真实电路板：只有其自身部件能改变线路，可设置期望值。',
    hover: '指向引脚、导线或部件可查看线路；看起来能按的都可以按。',
    bench: '传感器处',
    activelow: '低电平有效',
    conflict: '同时被拉高和拉低',
    gone: '线路已消失',
    red: '红',
    yellow: '黄',
    green: '绿',
    dopress: '按住，或按回车键。',
    dotoggle: '点击切换，或按回车键。',
    dowave: '按住挥手，或按回车键。',
    pressactive: '已按下',
    pressinactive: '未按下',
    toggleactive: '开',
    toggleinactive: '关',
    waveactive: '有人',
    waveinactive: '无人',
    nomeasurement: '尚无测量',
    nothings: '该组没有设备。',
    connectedto: '已连接到 {core}',
    connected: '已连接',
    notconnected: '未连接',
    gonesince: '自 {time} 起断开：{cause}',
    all: '全部成员',
    queued: '{n} 条消息等待中',
    value: '值',
    more: '还有 {n} 项',
    choose: '选择一个成员或两者之间的连线，查看最近的消息。',
    fromto: '来自、去往',
    cloudkind: 'AWS IoT',
    core: '影子服务',
    spool: '等待中',
    lastwrite: '最近写入',
    delivered: '已送达',
    ways: '上云通道',
    nothingwaits: '无',
    nocloud: '未配置云：批次保存在本机。',
    nocarsyet: '还没有车辆通过：第一次绿灯开始计数。',
    nocars: '这里没有统计车辆的函数。',
    batches: '最近批次',
    curves: '曲线',
    range: '时间范围',
    range1h: '1 小时',
    range1d: '1 天',
    range7d: '7 天',
    charttotal: '{thing}：车辆总数',
    chartpassed: '{thing}：自上一批以来的车辆',
    curve: '{title}：{n} 个点，从 {low} 到 {high}，最近为 {last}',
    nocurves: '这段时间内没有记录。批次和传感器发布的数据会显示在这里。',
    mean: '平均',
    lowest: '最低',
    highest: '最高',
    download: 'CSV 下载：',
    nofunctions: '没有函数。',
    nocore: '核心在另一台机器上。',
    nodeployments: '此状态文件夹建立以来没有部署。',
    certificateserver: '服务器证书',
    certificateca: '组 CA',
    ends: '到期',
    by: '来自',
    inprocess: '在核心进程内运行',
    levels: '显示的级别',
    frominfo: '全部',
    fromwarn: '警告',
    fromerror: '错误',
    nolog: '没有此级别的日志。',
    closed: '本页面不对您开放：{message}',
  },
};

let language = stored('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');

export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

export function nextLanguage() {
  language = language === 'en' ? 'zh' : 'en';
  store('language', language);
  translate();
}

/** Writes the texts of what stands in the document itself. */
export function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en';
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll('[data-label]'))
    element.setAttribute('aria-label', t(element.dataset.label));
  const button = document.getElementById('language');
  button.textContent = language === 'en' ? '中文' : 'English';
  button.lang = language === 'en' ? 'zh' : 'en';
}

/** A duration in ms as people say it. @param bare without "ago" */
export function age(ms, bare = false) {
  if (ms < 1500) return t('now');
  const seconds = Math.round(ms / 1000);
  const [n, unit] =
    seconds < 90
      ? [seconds, 's']
      : seconds < 5400
        ? [Math.round(seconds / 60), 'min']
        : seconds < 172800
          ? [Math.round(seconds / 3600), 'h']
          : [Math.round(seconds / 86400), 'd'];
  const units = { s: '秒', min: '分钟', h: '小时', d: '天' };
  const said = language === 'zh' ? `${n} ${units[unit]}` : `${n} ${unit}`;
  return bare ? said : t('ago', { n: said });
}

/** The time of day; with the day when that is not today. */
export function clockTime(ms) {
  const moment = new Date(ms);
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  return moment.toDateString() === new Date().toDateString()
    ? moment.toLocaleTimeString(locale)
    : moment.toLocaleString(locale);
}

export function short(text = '', most = 120) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export function stored(name) {
  try {
    return localStorage.getItem(`greenlight.${name}`) ?? undefined;
  } catch {
    // a browser that keeps nothing: the choice is for this visit
    return undefined;
  }
}

export function store(name, value) {
  try {
    localStorage.setItem(`greenlight.${name}`, value);
  } catch {
    // as above
  }
}

/** Texts that only one language has. */
export function missing() {
  const [en, zh] = [TEXTS.en, TEXTS.zh].map((texts) => Object.keys(texts));
  return [...en.filter((key) => !zh.includes(key)), ...zh.filter((key) => !en.includes(key))];
}
